"""Snapshots of screenings outlive the film room, and follow announced changes."""

from pathlib import Path

import pytest

from testbed.mesh import ROOT, Mesh, wait_until
from tests.drivers.commands import command

pytestmark = pytest.mark.full_size("unit/order/test_screening_snapshot.py", "integration/gateway/test_outages.py")

DEMO = ROOT / "programme" / "demo.yml"


def test_screenings_are_sold_without_the_film_room_and_under_new_names_at_once(mesh: Mesh, tmp_path: Path) -> None:
    screening = mesh.fresh_screening(320)
    seats = iter(mesh.seats(screening))
    name = mesh.get("/film/get_hall_info", screening_id=screening).json()["hall"]["name"]
    (renamed := tmp_path / "renamed.yml").write_text(DEMO.read_text().replace(f"name: {name}\n", "name: Parkett\n"))

    def load(programme: Path) -> None:
        assert command(mesh, "load", str(programme)).exit_code == 0

    def hall_of_a_new_order() -> str:
        token = mesh.buyer()
        bought = mesh.post("/order/buy", token, screening_id=screening, seats=[next(seats)])
        assert bought.status_code == 200, bought.text
        order = mesh.get("/order/get_info", token, order_id=bought.json()["order_id"]).json()
        return str(order["screening"]["hall_name"])

    try:
        assert hall_of_a_new_order() == name
        load(renamed)
        wait_until(lambda: hall_of_a_new_order() == "Parkett", 60, "the new name")
        with mesh.without("film"):
            load(DEMO)
            assert hall_of_a_new_order() == "Parkett"
            unknown = mesh.post("/order/buy", mesh.buyer(), screening_id="never-asked", seats=["A1"])
            assert (unknown.status_code, unknown.json()["code"]) == (503, "room_unavailable")
    finally:
        load(DEMO)

"""A member's account over HTTP, with all rooms and without some."""

import pytest

from schemas.account import PARTS
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, expire, pay, status_of


def test_an_account_shows_what_is_to_come_and_nothing_of_others(mesh: Mesh) -> None:
    token, other = mesh.buyers(2)
    screening = mesh.fresh_screening(40)
    first, second, third, fourth = list(mesh.seats(screening))[:4]
    paid = buy(mesh, token, screening, [first])
    pay(mesh, token, paid)
    unpaid = buy(mesh, token, screening, [second])
    expire(mesh, buy(mesh, token, screening, [third]))
    pay(mesh, other, buy(mesh, other, screening, [fourth]))
    account = mesh.get("/account/get_overview", token).json()
    assert account["unavailable"] == []
    assert account["profile"]["username"] == mesh.get("/user/get_profile", token).json()["username"]
    [ticket] = account["next_tickets"]
    assert ticket["order"]["order_id"] == paid["order_id"]
    assert ticket["images"] == mesh.get("/order/get_ticket_images", token, order_id=paid["order_id"]).json()["tickets"]
    assert [order["order_id"] for order in account["open_orders"]] == [unpaid["order_id"]]
    for part, path in (("points", "/loyalty/get_points"), ("check_in", "/loyalty/get_check_in")):
        assert account[part] | {"server_time": None} == mesh.get(path, token).json() | {"server_time": None}
    assert account["wallet"] == []


def test_at_most_three_orders_are_next_the_first_to_start_at_the_head(mesh: Mesh) -> None:
    token, screenings = mesh.buyer(), [mesh.fresh_screening(40) for _ in range(4)]
    for screening in reversed(screenings):
        pay(mesh, token, buy(mesh, token, screening, list(mesh.seats(screening))[:1]))
    found = mesh.get("/order/get_upcoming", token).json()["next_tickets"]
    starts = [ticket["order"]["screening"]["starts_at"] for ticket in found]
    assert len(starts) == 3
    assert starts == sorted(starts)
    assert found[0]["order"]["screening_id"] == screenings[0]


def test_what_is_over_or_was_given_back_is_not_next(mesh: Mesh) -> None:
    token, screening = mesh.buyer(), mesh.fresh_screening(40)
    seats = list(mesh.seats(screening))
    over, returned = (buy(mesh, token, screening, [seat]) for seat in seats[:2])
    pay(mesh, token, over)
    pay(mesh, token, returned)
    assert mesh.post("/order/refund", token, order_id=returned["order_id"]).status_code == 200
    mesh.rows("order", "UPDATE orders SET ends_at = UTC_TIMESTAMP(3) WHERE order_id = :o", o=over["order_id"])
    assert mesh.get("/order/get_upcoming", token).json()["next_tickets"] == []
    wait_until(lambda: status_of(mesh, over) == "completed", what="the order room to see that it is over")
    assert mesh.get("/order/get_upcoming", token).json()["next_tickets"] == []


@pytest.mark.full_size("integration/account/test_overview.py", "browser/test_accessibility.py")
def test_a_room_that_is_stopped_or_silent_is_named_and_the_rest_is_there(mesh: Mesh) -> None:
    token = mesh.buyer()

    def missing() -> list[str]:
        account = mesh.get("/account/get_overview", token)
        assert account.status_code == 200, account.text
        assert account.json()["unavailable"] == [name for name in PARTS if account.json()[name] is None]
        return list(account.json()["unavailable"])

    with mesh.without("wallet"):
        assert missing() == ["wallet"]
    with mesh.paused("loyalty"):
        assert missing() == ["points", "check_in"]
    assert missing() == []


def test_a_guest_has_no_account(mesh: Mesh) -> None:
    assert mesh.get("/account/get_overview").status_code == 401

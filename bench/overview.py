"""`python -m bench.overview`: how long account.get_overview takes, beside each of the calls that it makes."""

import itertools
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from testbed.mesh import Mesh, running_mesh
from tests.drivers.orders import buy, pay

OVERVIEW = "/account/get_overview"
SINGLE = ("/user/get_profile", "/order/get_upcoming", "/loyalty/get_points", "/loyalty/get_check_in",
          "/wallet/get_balance", "/notification/get_unread")
ROUNDS, WARM_UP, SEATS = 300, 30, 2


def milliseconds(mesh: Mesh, path: str, token: str) -> float:
    started = time.perf_counter()
    reply = mesh.get(path, token)
    taken = (time.perf_counter() - started) * 1000
    assert reply.status_code == 200, reply.text
    if path == OVERVIEW:
        assert not reply.json()["unavailable"], reply.text
    return taken


def measure(mesh: Mesh) -> dict[str, float]:
    """The median time of each call, one after the other and in turn, for a member with three orders to go to."""
    token = mesh.buyer()
    for screening in (mesh.fresh_screening(180) for _ in range(3)):
        pay(mesh, token, buy(mesh, token, screening, list(mesh.seats(screening))[:SEATS]))
    taken: dict[str, list[float]] = {path: [] for path in (*SINGLE, OVERVIEW)}
    for number, path in itertools.product(range(WARM_UP + ROUNDS), taken):
        took = milliseconds(mesh, path, token)
        if number >= WARM_UP:
            taken[path].append(took)
    return {path: statistics.median(times) for path, times in taken.items()}


def main() -> None:
    with TemporaryDirectory() as folder, running_mesh(Path(folder)) as mesh:
        figures = measure(mesh)
    slowest = max(figures[path] for path in SINGLE)
    print("| call | p50 ms | to the slowest single call |\n|---|--:|--:|")
    for path, took in figures.items():
        print(f"| {path} | {took:.1f} | {took / slowest:.2f} |")


if __name__ == "__main__":
    main()

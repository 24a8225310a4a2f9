"""`python -m bench.hanging`: how long calls of the order room take while the film room hangs, and while it does not.

The same clients read from the film room all the while: answered at first, then refused because it hangs.
"""

import statistics
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from testbed.mesh import Mesh, running_mesh

ROUNDS, CALLS, FILM_CLIENTS, PAUSE = 5, 400, 10, 0.2
WARM_UP = 7.0   # seconds: by then the first calls of a hanging room have run into their deadlines


def read_films(mesh: Mesh, stop: threading.Event) -> None:
    """Read what no cache can answer, as a client does that comes again and again."""
    with requests.Session() as session:
        while not stop.wait(PAUSE):
            session.get(mesh.url + "/film/get_info_list", params={"title": f"{time.monotonic_ns()}"}, timeout=30)


def p95(mesh: Mesh, token: str) -> float:
    """Milliseconds within which 95 of 100 lists of orders were there; each of them must be."""
    taken = []
    for _ in range(CALLS):
        started = time.perf_counter()
        assert mesh.get("/order/get_list", token).status_code == 200
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(taken, n=20)[-1]


def measure(mesh: Mesh) -> tuple[float, float]:
    """The median p95 of the rounds: without and with a hanging room."""
    token, stop = mesh.buyer(), threading.Event()
    threads = [threading.Thread(target=read_films, args=(mesh, stop)) for _ in range(FILM_CLIENTS)]
    for thread in threads:
        thread.start()
    p95(mesh, token)
    try:
        well, hanging = [], []
        for _ in range(ROUNDS):
            well.append(p95(mesh, token))
            with mesh.paused("film"):
                time.sleep(WARM_UP)
                hanging.append(p95(mesh, token))
            time.sleep(WARM_UP)
        return statistics.median(well), statistics.median(hanging)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def main() -> None:
    with TemporaryDirectory() as folder, running_mesh(Path(folder)) as mesh:
        well, hanging = measure(mesh)
    print("| order.get_list while the film room | p95 ms | ratio |\n|---|--:|--:|")
    print(f"| answers | {well:.1f} | 1.00 |\n| hangs | {hanging:.1f} | {hanging / well:.2f} |")


if __name__ == "__main__":
    main()

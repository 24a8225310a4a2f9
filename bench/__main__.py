"""`./bench.sh`: starts a private mesh and stock Nameko, loads each in turn, and prints a table."""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from bench import tracing
from bench.load import CONNECTIONS, SECONDS, Call, load
from bench.purchases import Purchases
from testbed.mesh import ROOT, Mesh, free_ports, running_mesh, wait_until

ROUNDS = 3


@dataclass(frozen=True)
class Result:
    """The figures of one round of a workload."""

    name: str
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    requests: int


class Bench:
    """The workloads, and the halls and buyers that they need."""

    def __init__(self, mesh: Mesh, stock_url: str, folder: Path) -> None:
        self.mesh, self.stock_url, self.folder = mesh, stock_url, folder
        self.purchases = Purchases(mesh)

    def sold_out(self) -> list[Call]:
        """Orders for three seats of a hall where every seat is taken."""
        screening = self.mesh.fresh_screening(40)
        seats = list(self.mesh.seats(screening))
        for unit in self.purchases.units(screening):
            self.mesh.post("/order/buy", self.mesh.buyer(), screening_id=screening, seats=unit)
        assert set(self.mesh.seats(screening).values()) == {"held"}
        body = json.dumps({"screening_id": screening, "seats": seats[:3]})
        return [Call("POST", "/order/buy", token, body) for token in self.purchases.buyers]

    def workloads(self) -> Iterator[tuple[str, str, list[Call], int]]:
        """The name, the URL and the calls of each workload, and the status that counts as success."""
        hall = self.mesh.fresh_screening(180)
        yield "stock Nameko: HTTP ping", self.stock_url, [Call("GET", "/ping")], 200
        yield "stock Nameko: gateway to service echo", self.stock_url, [Call("GET", "/echo")], 200
        yield ("film.get_hall_info, 180 seats", self.mesh.url,
               [Call("GET", f"/film/get_hall_info?screening_id={hall}")], 200)
        yield "film.get_info_list, 20 screenings", self.mesh.url, [Call("GET", "/film/get_info_list")], 200
        yield ("user.authorize", self.mesh.url, [Call("POST", "/user/authorize", "", json.dumps({"token": token}))
                                                 for token in self.purchases.buyers], 200)
        yield "order.buy, 3 fresh seats", self.mesh.url, self.purchases.take(450 * SECONDS), 200
        yield "order.buy, sold out", self.mesh.url, self.sold_out(), 409

    def run(self, name: str, url: str, calls: list[Call], expected: int) -> Result:
        last = calls[-1]
        check = requests.request(last.method, url + last.path, data=last.body or None, timeout=20, headers={
            "Content-Type": "application/json", "Authorization": f"Bearer {last.token}"})
        assert check.status_code == expected, f"{name}: {check.status_code} {check.text[:200]}"
        figures = load(url, calls[:-1] if len(calls) > 1 else calls, self.folder)
        wrong = figures["not_2xx"] if expected == 200 else figures["requests"] - figures["not_2xx"]
        return Result(name, figures["requests"] / figures["seconds"], figures["p50_ms"], figures["p99_ms"],
                      int(wrong + figures["socket_errors"]), figures["requests"])


@contextmanager
def stock_nameko(mesh: Mesh) -> Iterator[str]:
    """Stock Nameko on the same broker; yields its URL."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    environment = {**os.environ, "STOCK_AMQP_URI": mesh.settings["AMQP_URI"], "STOCK_ADDRESS": address,
                   "PYTHONWARNINGS": "ignore"}
    nameko = str(Path(sys.executable).with_name("nameko"))
    processes = [subprocess.Popen([nameko, "run", "--config", "bench/stock.yml", f"bench.stock:{service}"], cwd=ROOT,
                                  env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                 for service in ("Echo", "StockGateway")]
    try:
        wait_until(lambda: responds(f"http://{address}/echo"), 30, "stock Nameko")
        yield f"http://{address}"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def responds(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def as_table(results: list[Result], echo: Result) -> str:
    lines = ["| what | requests/s | p50 ms | p99 ms | errors | to stock echo |", "|---|--:|--:|--:|--:|--:|"]
    lines += [f"| {r.name} | {r.per_second:.0f} | {r.p50_ms:.1f} | {r.p99_ms:.1f} | {r.errors} | "
              f"{r.per_second / echo.per_second:.2f} |" for r in results]
    return "\n".join(lines)


def median(results: list[Result]) -> Result:
    return sorted(results, key=lambda r: r.per_second)[len(results) // 2]


def main() -> None:
    folder = ROOT / ".run" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    with running_mesh(folder) as mesh, stock_nameko(mesh) as stock_url:
        bench = Bench(mesh, stock_url, folder)
        rounds: dict[str, list[Result]] = {}
        for number in range(1, ROUNDS + 1):
            for name, url, calls, expected in bench.workloads():
                time.sleep(0.5)
                rounds.setdefault(name, []).append(result := bench.run(name, url, calls, expected))
                print(f"round {number}: {name}: {result.per_second:.0f}/s", file=sys.stderr, flush=True)
        traces = tracing.measure(bench.purchases, folder)
        mesh.check_invariants()
    results = [median(of_one) for of_one in rounds.values()]
    echo = next(result for result in results if "echo" in result.name)
    print(as_table(results, echo))
    report = {"connections": CONNECTIONS, "seconds": SECONDS, "rounds": ROUNDS, "cores": os.cpu_count(),
              "python": platform.python_version(), "results": [
                  {**asdict(r), "to_stock_echo": round(r.per_second / echo.per_second, 3)} for r in results]}
    print(f"\n{tracing.as_table(*traces)}")
    (folder / "bench.json").write_text(json.dumps(report, indent=2))
    print(f"\nThe median of {ROUNDS} rounds, {CONNECTIONS} connections, {os.cpu_count()} cores; "
          f"as JSON in {(folder / 'bench.json').relative_to(ROOT)}")
    if any(result.errors for result in results):
        raise SystemExit("There were errors.")


main()

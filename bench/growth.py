"""`python -m bench.growth`: what a house costs to run that has sold for a month, beside the same house while empty."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import psutil

from bench.grown_house import Size, grow
from bench.processors import busy_seconds
from bench.purchases import Purchases
from testbed.mesh import Mesh, running_mesh

CALLS, IDLE_SECONDS, SLOW_SECONDS = 40, 30, 0.05
Figures = dict[str, float]    # milliseconds, seconds or megabytes, by what was measured


@contextmanager
def timed(figures: Figures, name: str, unit: float = 1) -> Iterator[None]:
    started = time.perf_counter()
    yield
    figures[name] = (time.perf_counter() - started) * unit


def median_ms(call: Callable[[int], object]) -> float:
    """Of CALLS calls one after the other, each with its number; the first ones warm up."""
    taken = []
    for number in range(CALLS + 5):
        started = time.perf_counter()
        call(number)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken[5:])


def measure(mesh: Mesh) -> Figures:
    figures: Figures = {}
    with timed(figures, "stop and start, s"):
        mesh.operate("stop")
        mesh.operate("start")
    time.sleep(10)
    figures |= answers(mesh)
    for name, command in {"check, s": ("check",), "reconcile, s": ("reconcile",)}.items():
        with timed(figures, name):
            mesh.operate(*command)
    before = sum(busy_seconds(mesh).values())
    time.sleep(IDLE_SECONDS)
    figures[f"processors, idle for {IDLE_SECONDS} s, s"] = sum(busy_seconds(mesh).values()) - before
    return figures | memory(mesh)


def answers(mesh: Mesh) -> Figures:
    """Milliseconds of calls; no cache knows the answers to those that read the programme."""
    calls = Purchases(mesh).take(CALLS + 5)
    token = mesh.buyer()
    halls = [mesh.fresh_screening(180) for _ in range(CALLS + 5)]
    one = mesh.get("/film/get_info_list", page_size=1).json()["screenings"][0]
    cinema = one["cinema"]
    filters = {"": {}, ", a cinema": {"cinema": cinema["cinema_id"]}, ", a city": {"city": cinema["city"]},
               ", a day": {"date": one["starts_at"][:10]}, ", a title": {"title": one["film"]["title"]},
               ", a search": {"search": one["film"]["title"][:6]}, ", from a moment": {"starts_from": one["starts_at"]},
               ", the tenth page": {"page": 10}}

    def buy(number: int) -> None:
        reply = mesh.post("/order/buy", calls[number].token, **json.loads(calls[number].body))
        assert reply.status_code == 200, reply.text

    figures = {"order.buy, ms": median_ms(buy)}
    for name, query in filters.items():
        figures[f"film.get_info_list{name}, ms"] = median_ms(
            lambda number, query=query: mesh.get("/film/get_info_list", page_size=20 + number, **query))
    figures["film.get_hall_info, first seen, ms"] = median_ms(
        lambda number: mesh.get("/film/get_hall_info", screening_id=halls[number]))
    figures["order.get_list, ms"] = median_ms(lambda number: mesh.get("/order/get_list", token))
    return figures


def memory(mesh: Mesh) -> Figures:
    return {f"memory of {process['group']}, MB": psutil.Process(process["pid"]).memory_info().rss / 1e6
            for process in mesh.supervisor.processes() if process["group"] not in ("mariadb", "redis", "rabbitmq")}


def log_slow_statements(mesh: Mesh) -> Path:
    """The file in which MariaDB notes statements that take longer than SLOW_SECONDS."""
    file = mesh.folder / "mariadb" / "slow.log"
    for setting in (f"slow_query_log_file = '{file}'", f"long_query_time = {SLOW_SECONDS}", "slow_query_log = 1"):
        mesh.rows("order", f"SET GLOBAL {setting}")
    return file


def as_table(empty: Figures, grown: Figures) -> str:
    lines = ["| what | empty | grown | ratio |", "|---|--:|--:|--:|"]
    return "\n".join(lines + [f"| {name} | {empty[name]:.1f} | {grown[name]:.1f} | {grown[name] / empty[name]:.2f} |"
                              for name in empty if grown.get(name) and empty[name]])


@click.command()
@click.option("--orders", default=1_000_000, show_default=True, help="Screenings are a tenth, accounts a fifth of it.")
def growth(orders: int) -> None:
    """Measure an empty house, fill it with a month of orders, and measure again."""
    with TemporaryDirectory() as folder, running_mesh(Path(folder), MARQUEE_CROWD=100) as mesh:
        empty = measure(mesh)
        grow(mesh, Size(orders, orders // 10, orders // 5), lambda table: print(table, file=sys.stderr, flush=True))
        slow = log_slow_statements(mesh)
        grown = measure(mesh)
        print(f"{as_table(empty, grown)}\n\nStatements that took longer than {SLOW_SECONDS} s:\n{slow.read_text()}")


if __name__ == "__main__":
    growth()

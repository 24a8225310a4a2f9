"""What Marquee is measured against, on the same servers: stock Nameko, FastStream, and a plain monolith."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlalchemy import create_engine, text

from testbed.mesh import ROOT, Mesh, free_ports, wait_until

BIN = Path(sys.executable).parent
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass(frozen=True)
class Control:
    """A control that runs, and its processes."""

    url: str
    pids: list[int]


@contextmanager
def running(commands: list[list[str]], url: str, probe: str, **environment: str) -> Iterator[Control]:
    """Processes that serve `url` together; stopped after the block."""
    variables = {**os.environ, "PYTHONWARNINGS": "ignore", **environment}
    processes = [subprocess.Popen(command, cwd=ROOT, env=variables, **QUIET) for command in commands]
    try:
        wait_until(lambda: responds(url + probe), 60, f"{url}{probe}")
        yield Control(url, [process.pid for process in processes])
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


@contextmanager
def stock_nameko(mesh: Mesh) -> Iterator[Control]:
    """An HTTP service, and one that calls another by RPC, as Nameko's documentation shows them."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    commands = [[str(BIN / "nameko"), "run", "--config", "bench/stock.yml", f"bench.stock:{service}"]
                for service in ("Echo", "StockGateway")]
    with running(commands, f"http://{address}", "/echo",
                 STOCK_AMQP_URI=mesh.settings["AMQP_URI"], STOCK_ADDRESS=address) as control:
        yield control


@contextmanager
def faststream(mesh: Mesh) -> Iterator[Control]:
    """FastAPI before one call by FastStream's RPC, over the same RabbitMQ, without logs."""
    port = str(free_ports(1)[0])
    commands = [[str(BIN / "faststream"), "run", "bench.faststream_echo:service"],
                [str(BIN / "uvicorn"), "bench.faststream_echo:gateway", "--port", port, "--no-access-log"]]
    with running(commands, f"http://127.0.0.1:{port}", "/echo",
                 FASTSTREAM_AMQP_URI=mesh.settings["AMQP_URI"]) as control:
        yield control


@contextmanager
def monolith(mesh: Mesh) -> Iterator[Control]:
    """bench/monolith.py with a schema of its own in the mesh's MariaDB, and a database of its own in its Redis."""
    port = str(free_ports(1)[0])
    orders = mesh.engine("order").url
    name = f"{orders.database}_monolith"
    with create_engine(orders, connect_args={"ssl_disabled": True}).begin() as tx:
        tx.execute(text(f"CREATE DATABASE {name}"))
    os.environ["MONOLITH_DB"] = orders.set(database=name).render_as_string(hide_password=False)
    os.environ["MONOLITH_REDIS"] = mesh.settings["REDIS_URIS"]["marquee"].rpartition("/")[0] + "/9"
    application = importlib.import_module("bench.monolith")    # which reads the addresses, as its processes do
    application.Base.metadata.create_all(application.engine)
    command = [str(BIN / "uvicorn"), "bench.monolith:app", "--port", port, "--workers", "2", "--no-access-log"]
    with running([command], f"http://127.0.0.1:{port}", "/docs") as control:
        yield control

"""Another gateway of the same mesh, with settings of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from testbed.mesh import ROOT, Mesh, free_ports, wait_until


@dataclass
class LoneGateway:
    port: int
    process: "subprocess.Popen[bytes]"
    log_file: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def answers(self, path: str) -> bool:
        """Whether the path is answered with 200."""
        assert self.process.poll() is None, self.log[-3000:]
        try:
            return requests.get(self.url + path, timeout=5).status_code == 200
        except requests.RequestException:
            return False


@contextmanager
def lone_gateway(mesh: Mesh, folder: Path, *changes: tuple[str, str], path: str = "/ready",
                 **environment: str) -> Iterator[LoneGateway]:
    """A gateway beside the mesh's own, as soon as it answers at `path`.

    `changes` replace parts of config.yml: (before, after).
    """
    folder.mkdir(exist_ok=True)
    settings = (ROOT / "config.yml").read_text()
    for before, after in changes:
        assert settings.count(before) == 1, before
        settings = settings.replace(before, after)
    (folder / "config.yml").write_text(settings)
    port = int(environment.get("MARQUEE_PORT") or free_ports(1)[0])
    nameko = str(Path(sys.executable).with_name("nameko"))
    log_file = folder / "gateway.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen([nameko, "run", "--config", str(folder / "config.yml"), "gateway.service"], cwd=ROOT,
                                   env={**os.environ, **mesh.environment, **environment, "MARQUEE_PORT": str(port)},
                                   stdout=log, stderr=log)
    gateway = LoneGateway(port, process, log_file)
    try:
        wait_until(lambda: gateway.answers(path), 60, "the lone gateway")
        yield gateway
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

"""Where a process is asked for its metrics: at a socket in the run folder or, in a container, at a port of its own."""

import logging
import os
import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from services.foundation.metrics.settings import MetricsSettings, metrics_settings

log = logging.getLogger("marquee.metrics")
SILENT_SECONDS = 5.0
ENDING = ".sock"


class QuietHandler(WSGIRequestHandler):
    """Logs no scrape, and lets nobody hold a connection without a word."""

    timeout = SILENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a scrape is no news."""


class MetricsServer(ThreadingWSGIServer):
    """Serves a WSGI application at the path of a Unix socket, or at a host and port."""

    def __init__(self, address: str | tuple[str, int], application: Any) -> None:
        family = socket.AF_UNIX if isinstance(address, str) else socket.getaddrinfo(*address)[0][0]
        self.address_family = family
        super().__init__(address, QuietHandler)  # type: ignore[arg-type]
        self.set_app(application)

    def server_bind(self) -> None:
        """Bind without asking a name server for the name of this machine, as the base class does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "metrics", 0
        self.setup_environ()

    def get_request(self) -> tuple[Any, Any]:
        """The next connection; the peer of a Unix socket has no address, and the base class wants one."""
        connection, peer = super().get_request()
        return connection, peer or ("", 0)

    def run(self) -> None:
        """Serve in a thread of its own, which ends with the process."""
        Thread(target=self.serve_forever, daemon=True, name="metrics").start()


@contextmanager
def reachable(folder: Path, name: str) -> Iterator[str]:
    """The path of a socket in the folder, by way of a descriptor: a socket's own path has at most 108 bytes."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}{ENDING}"
    finally:
        os.close(descriptor)


def folder_of(settings: Any) -> Path:
    """The folder in which the processes of a mesh have their sockets."""
    return Path(str(settings["run_folder"])).expanduser() / "metrics"


def serve(settings: Any, registry: CollectorRegistry = REGISTRY) -> None:
    """Answer with the metrics of the registry from now on, in a thread of its own, where the settings say.

    A process that can't do so logs it and goes on: tickets are sold without metrics, too.
    """
    wanted = metrics_settings(settings)
    try:
        if server := _server(wanted, folder_of(settings), make_wsgi_app(registry)):
            server.run()
    except OSError as problem:
        log.warning("no metrics of this process", extra={"problem": str(problem)})


def _server(wanted: MetricsSettings, folder: Path, application: Any) -> MetricsServer | None:
    if wanted.port_each and wanted.port:
        return MetricsServer((wanted.address, wanted.port), application)
    if not (wanted.process and wanted.port):
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / f"{wanted.process}{ENDING}").unlink(missing_ok=True)   # of a process of this name that was killed
    with reachable(folder, wanted.process) as path:
        return MetricsServer(path, application)


def leave(settings: Any) -> None:
    """Remove the socket of this process, which ends as it should; that of a killed one stays and tells of it."""
    if name := metrics_settings(settings).process:
        forget(folder_of(settings), name)


def forget(folder: Path, name: str) -> None:
    """Remove the socket of a process, which is not coming back."""
    with suppress(OSError):
        (folder / f"{name}{ENDING}").unlink(missing_ok=True)

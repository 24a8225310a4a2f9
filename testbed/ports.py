"""Ports and an environment of its own for a mesh beside others on one machine."""

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

# Below the kernel's ephemeral ports, and above RabbitMQ's distribution ports.
PRIVATE_PORTS = range(30_000, 32_700)
PORTS = ("MARQUEE_PORT", "MARQUEE_AMQP_PORT", "MARQUEE_REDIS_PORT", "MARQUEE_DB_PORT", "MARQUEE_METRICS_PORT")


def free_ports(count: int) -> list[int]:
    """Ports at which nothing listens.

    The kernel gives none of them to an outgoing connection before we use it, as it might with port 0. Processes of one
    test run choose among different ports.
    """
    found: list[int] = []
    candidates = PRIVATE_PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8::8]
    while len(found) < count:
        port = secrets.choice([port for port in candidates if port not in found])
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found


def private_environment(folder: Path, **settings: Any) -> dict[str, str]:
    """The environment of a mesh that shares nothing with any other. What storms a screening there opens no queue."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    own = {"MARQUEE_RUN": str(folder), "MARQUEE_QUEUE_RATE": "0"}
    return {**os.environ, **ports, **own, **{name: str(value) for name, value in settings.items()}}

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

# Limits for a crowd that has one address, and few accounts; what storms a screening opens no queue.
CROWD = {"MARQUEE_CROWD": "10000", "MARQUEE_HASHES_OF_STRANGERS": "600", "MARQUEE_HASHES_OF_A_SOURCE": "600",
         "MARQUEE_HELD_ORDERS": "0", "MARQUEE_MAILS_AN_HOUR": "100000",
         "MARQUEE_CONNECTIONS_PER_ADDRESS": "2000", "MARQUEE_STREAMS_PER_ADDRESS": "1000",
         "MARQUEE_QUEUE_RATE": "0", "MARQUEE_KITCHEN_BEGIN_MINUTES": "1000000"}


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
    """The environment of a mesh that shares nothing with any other, with limits for a CROWD."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {**os.environ, **ports, **CROWD, "MARQUEE_RUN": str(folder),
            **{name: str(value) for name, value in settings.items()}}

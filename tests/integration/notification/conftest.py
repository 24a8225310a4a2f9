"""The notification room on the real servers of the run, with a user room that knows addresses, and tickets to mail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nameko
import pytest
from nameko import serialization
from nameko.standalone.rpc import ClusterRpcClient

from services.foundation import migrate
from testbed.mesh import Mesh
from tests.integration.foundation.conftest import rooms, wait_for_room
from tests.integration.notification.notification_processes import NotificationProcesses


@pytest.fixture(scope="module")
def _settings(servers: Mesh) -> Iterator[None]:
    with nameko.config.patch(servers.settings, clear=True):
        serialization.setup()
        yield


@pytest.fixture(scope="module")
def user_room(servers: Mesh, _settings: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The real one, for as long as a file's tests run."""
    migrate.upgrade("user")
    migrate.upgrade("notification")
    with rooms(servers, tmp_path_factory.mktemp("rooms")) as run, ClusterRpcClient(timeout=10) as client:
        process, orders = run("services.user.service"), run("tests.integration.notification.order_room")
        wait_for_room(client, "user", process)
        wait_for_room(client, "order", orders)
        yield process


@pytest.fixture
def processes(servers: Mesh, user_room: Any, tmp_path: Path) -> Iterator[NotificationProcesses]:
    """No process runs yet, and tables and queues are empty."""
    with rooms(servers, tmp_path) as run:
        processes = NotificationProcesses(servers, run, tmp_path)
        processes.clear()
        yield processes
        processes.stop_restarting()

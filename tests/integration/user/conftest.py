import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import nameko
import pytest
import requests
from click.testing import Result
from nameko.testing.services import worker_factory
from sqlalchemy import Connection, Engine

from services.foundation import migrate
from services.foundation.database import Transactions, make_engine
from services.foundation.rpc.calls import Principal
from services.user.attempts.login_throttle import LoginThrottle
from services.user.passwords import Passwords, hashing_queue
from services.user.service import User
from services.user.settings import load
from testbed.mesh import Mesh
from tests.drivers.commands import command

PASSWORD = "correct horse"


def authorize(mesh: Mesh, token: str) -> requests.Response:
    """Ask the user room whose token this is, past the gateway's cache."""
    return mesh.http.post(mesh.url + "/user/authorize", json={"token": token}, timeout=60)


def operations(mesh: Mesh, user_id: str) -> list[dict[str, Any]]:
    """What staff did to the account, the oldest first."""
    rows = mesh.rows("user", "SELECT body FROM outbox WHERE type = 'user.operated' AND INSTR(body, :u) "
                             "ORDER BY occurred_at, event_id", u=user_id)
    return [body for body in (json.loads(row.body) for row in rows) if body["about"] == user_id]


def user_id_of(mesh: Mesh, username: str) -> str:
    [row] = mesh.rows("user", "SELECT user_id FROM user WHERE username = :u", u=username)
    return str(row.user_id)


def account(mesh: Mesh, *words: str, line: str = PASSWORD) -> Result:
    """`operations account WORDS`."""
    return command(mesh, "account", *words, line=line)


@pytest.fixture
def name() -> str:
    """A username that nobody has."""
    return "Ada." + secrets.token_hex(6)


@pytest.fixture
def ada(mesh: Mesh, name: str) -> str:
    """The username of an account."""
    reply = mesh.post("/user/register", username=name, password=PASSWORD)
    assert reply.status_code == 200, reply.text
    return name


@pytest.fixture
def sign_in(mesh: Mesh) -> Callable[[str], str]:
    """`sign_in(username)`: a token."""
    def sign_in(username: str) -> str:
        reply = mesh.post("/user/login", username=username, password=PASSWORD)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["token"])

    return sign_in


@pytest.fixture
def settings(mesh: Mesh) -> Iterator[None]:
    with nameko.config.patch(mesh.settings, clear=True):
        yield


@pytest.fixture
def database(mesh: Mesh, settings: None) -> Iterator[Transactions]:
    engine = make_engine(mesh.settings["DB_URIS"]["user:Base"])
    yield Transactions(engine)
    engine.dispose()


class Interrupted(Transactions):
    """A database on which something happens right after it has been read."""

    def __init__(self, database: Transactions, happening: Callable[[], object]) -> None:
        super().__init__(database.engine)
        self._happening = happening

    def read(self, work: Callable[[Connection], Any]) -> Any:
        found = super().read(work)
        self._happening()
        return found


def make_room(database: Transactions, **dependencies: Any) -> Any:
    """The user room's class with the settings of config.yml; dependencies that are not given are mocks."""
    settings = load(nameko.config)
    passwords = Passwords(hashing_queue(settings))
    return worker_factory(User, database=database, settings=settings, passwords=passwords, is_stopping=lambda: False,
                          **dependencies)


@pytest.fixture
def room(mesh: Mesh, database: Transactions) -> Any:
    """The user room's class on the servers of the mesh, called without the mesh."""
    throttle = LoginThrottle()
    throttle.setup()
    return make_room(database, principal=Principal(), redis=mesh.redis, login_throttle=throttle)


@pytest.fixture
def engine(servers: Mesh) -> Iterator[Engine]:
    """The user room's tables, and nothing else of a mesh."""
    with nameko.config.patch(servers.settings, clear=True):
        migrate.upgrade("user")
        engine = make_engine(servers.settings["DB_URIS"]["user:Base"])
        yield engine
    engine.dispose()

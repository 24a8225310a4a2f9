"""Each room's own accounts, tried at the servers of a running mesh: what a room needs works, and nothing else does."""

import random
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest
from amqp.exceptions import AccessRefused, AMQPError
from kombu import Connection

from operations.accounts import passwords
from operations.accounts.contracts import contract_of
from operations.event_commands import subscriptions_of
from operations.mesh import ROOT, find_rooms
from schemas import catalogue
from services.kitchen.service import Kitchen
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, pay
from tests.sizes import Size

ROOMS = find_rooms(ROOT)
WITH_TABLES = [room for room in ROOMS if (ROOT / "services" / room / "migrations").exists()]
REPLIES_OF_A_GATEWAY = "gateway-00000000-0000-0000-0000-000000000000"


@contextmanager
def channel_of(mesh: Mesh, room: str) -> Iterator[Any]:
    """A channel with the credentials of a room."""
    uri = urlsplit(mesh.settings["AMQP_URI"])
    password = passwords.read(mesh.folder, "rabbitmq")[room]
    account = f"amqp://{uri.username}-{room}:{password}@{uri.hostname}:{uri.port}{uri.path}"
    with Connection(account, transport_options={"confirm_publish": True}) as connection:
        yield connection.default_channel


def is_taken(channel: Any, exchange: str, key: str) -> bool:
    """Whether a message has a route. Raises AccessRefused when the account may not write to the exchange."""
    returned: list[Any] = []
    channel.events["basic_return"] = {lambda *details: returned.append(details)}
    message = channel.prepare_message(b"{}", content_type="application/json")  # without reply_to: a room drops it
    channel.basic_publish(message, exchange=exchange, routing_key=key, mandatory=True)
    return not returned


@pytest.fixture
def some_rooms(size: Size, seed: int) -> list[str]:
    """All at full size, else a few: the rights of all are written by one function."""
    return ROOMS if size.matrix else random.Random(seed).sample(ROOMS, 4)


def other_than(room: str) -> str:
    return "order" if room != "order" else "wallet"


def test_a_mesh_whose_rooms_have_accounts_of_their_own_sells(mesh: Mesh) -> None:
    """The control: calls, events, announcements and rows of all rooms get through."""
    token, screening = mesh.buyer(), mesh.fresh_screening()
    order = buy(mesh, token, screening, list(mesh.seats(screening))[:2])
    pay(mesh, token, order)
    wait_until(lambda: mesh.get("/loyalty/get_points", token).json()["balance"] > 0, 60, "points for the order")
    assert {process["own_account"] for process in rooms_at_the_broker(mesh)} == set(ROOMS)


def rooms_at_the_broker(mesh: Mesh) -> list[dict[str, str]]:
    """Which room each connection's account is of."""
    user = urlsplit(mesh.settings["AMQP_URI"]).username
    users = mesh.operate("broker", "-q", "list_connections", "user").stdout.split()
    return [{"own_account": name.removeprefix(f"{user}-")} for name in users if name.startswith(f"{user}-")]


def test_only_the_operator_can_read_the_passwords(mesh: Mesh) -> None:
    for file in (mesh.folder / passwords.FILE, mesh.folder / "supervisord.conf", mesh.folder / "mariadb/accounts.sql"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(passwords.read(mesh.folder, "rabbitmq")) == set(ROOMS)
    secret = passwords.read(mesh.folder, "rabbitmq")["order"]
    assert secret not in (mesh.folder / "rabbitmq" / "definitions.json").read_text()
    assert secret not in mesh.log("order")


# --- RabbitMQ ---


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_calls_what_its_code_calls_and_nothing_else(mesh: Mesh, room: str) -> None:
    allowed = contract_of(room, ROOT).calls
    every = {f"{owner}.{name}" for owner, name in catalogue.methods() if owner != room}
    with channel_of(mesh, room) as channel:
        taken = {key for key in every if is_taken(channel, f"{room}.calls", key)}
        assert not is_taken(channel, f"{room}.calls", "events.audit")
        assert not is_taken(channel, f"{room}.calls", f"rpc-{other_than(room)}")
    assert taken == allowed


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_publishes_no_event_of_another(mesh: Mesh, room: str) -> None:
    others = catalogue.events().keys() - contract_of(room, ROOT).publishes
    with channel_of(mesh, room) as channel:
        assert [event for event in others if is_taken(channel, f"{room}.outbox", event)] == []


def test_a_room_writes_to_no_exchange_but_its_own(mesh: Mesh, some_rooms: list[str]) -> None:
    for room in some_rooms:
        other = other_than(room)
        for exchange in ("nameko-rpc", "events", "", "amq.topic", "events.wait.1s", f"{other}.calls", f"{other}.outbox",
                         f"{other}.events", f"{other}.dead-letters", f"{other}.retries.events.wait.1s"):
            with channel_of(mesh, room) as channel, pytest.raises(AccessRefused):
                is_taken(channel, exchange, f"{other}.anything")


def tries(room: str, other: str) -> dict[str, Callable[[Any], Any]]:
    """What an account must not do to read, change or go around what is another's; `c` is its channel."""
    queue = f"a:{room}.b"    # a name that it may declare
    bind, new, passing = "queue_bind", {"durable": False, "exclusive": True}, {"durable": False, "auto_delete": True}

    def with_own(act: str, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
        def attempt(channel: Any) -> Any:
            channel.queue_declare(queue, **new)
            channel.exchange_declare(queue, "fanout", **passing)
            return getattr(channel, act)(*arguments, **options)

        return attempt

    def dead_letters_to(exchange: str) -> Callable[[Any], Any]:
        return lambda c: c.queue_declare(queue, **new, arguments={
            "x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": f"{other}.anything"})

    return {
        "read the calls of another": lambda c: c.basic_get(f"rpc-{other}"),
        "consume the calls of another": lambda c: c.basic_consume(f"rpc-{other}"),
        "read all events": lambda c: c.basic_get("events.audit"),
        "empty a queue of another": lambda c: c.queue_purge(f"rpc-{other}"),
        "delete a queue of another": lambda c: c.queue_delete(f"rpc-{other}"),
        "pass for a process of another": lambda c: c.queue_declare(f"alive-{other}", durable=True, auto_delete=True),
        "delete the exchange of all calls": lambda c: c.exchange_delete("nameko-rpc"),
        "make its own exchange anew": lambda c: c.exchange_declare(f"{room}.calls", "fanout"),
        "delete its own exchange": lambda c: c.exchange_delete(f"{room}.calls"),
        "hear all calls": with_own(bind, queue, "nameko-rpc", "#"),
        "hear the calls of another": with_own(bind, queue, "nameko-rpc", f"{other}.*"),
        "hear the replies to another": with_own(
            bind, queue, "nameko-rpc", REPLIES_OF_A_GATEWAY if room != "gateway" else "order-" + "0" * 36),
        "hear all events": with_own(bind, queue, "events", "#"),
        "hear what it publishes": with_own(bind, queue, f"{room}.calls", "#"),
        "lead another exchange to calls": with_own("exchange_bind", "nameko-rpc", queue, "#"),
        "lead another exchange to events": with_own("exchange_bind", "events", queue, "#"),
        "widen its own way": with_own("exchange_bind", "nameko-rpc", f"{room}.calls", "#"),
        "lead into a queue of another": with_own("queue_bind", f"rpc-{other}", queue, "#"),
        "dead-letter into calls": dead_letters_to("nameko-rpc"),
        "dead-letter into any queue": dead_letters_to(""),
        "dead-letter into events": dead_letters_to("events"),
        "control: read a queue of its own": with_own("basic_get", queue),
        "control: declare a queue of its own": with_own("queue_delete", queue),
        "control: hear its own calls": with_own(bind, queue, "nameko-rpc", f"{room}.*"),
    }


def test_a_room_can_neither_read_nor_change_nor_go_around_what_is_anothers(mesh: Mesh, some_rooms: list[str]) -> None:
    for room in some_rooms:
        done = set()
        for name, attempt in tries(room, other_than(room)).items():
            try:
                with channel_of(mesh, room) as channel:
                    attempt(channel)
                done.add(name)
            except AccessRefused:
                pass
            except AMQPError as problem:
                raise AssertionError(f"{room}: {name}: {problem}") from None
        assert done == {name for name in tries(room, "x") if name.startswith("control")}, room


def test_a_failed_event_waits_in_the_rooms_own_way_and_ends_as_a_dead_letter(mesh: Mesh) -> None:
    first, *_ = subscriptions_of(Kitchen)
    other = "order.paid:loyalty.earn"
    pause = min(mesh.settings["events"]["pauses"])
    with channel_of(mesh, "kitchen") as channel:
        way = f"kitchen.retries.events.wait.{pause:g}s"
        assert not is_taken(channel, way, other)
        assert not is_taken(channel, way, "rpc-order")
        before = mesh.in_queues(first.dead_queue_name)
        assert is_taken(channel, way, first.queue_name)    # which the kitchen finds malformed
    wait_until(lambda: mesh.in_queues(first.dead_queue_name) == before + 1, 30, "a dead letter")
    mesh.empty_queues(first.dead_queue_name)


# --- MariaDB ---


@contextmanager
def database_of(mesh: Mesh, room: str) -> Iterator[Any]:
    """A cursor with the credentials of a room."""
    uri = urlsplit(mesh.settings["DB_URIS"][f"{room}:Base"])
    password = passwords.read(mesh.folder, "mariadb")[room]
    with pymysql.connect(host=uri.hostname, port=uri.port, user=f"{uri.username}-{room}", password=password,
                         autocommit=True) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize("room", WITH_TABLES)
def test_a_room_reads_and_writes_rows_of_its_own_schema_only(mesh: Mesh, room: str) -> None:
    def schema(name: str) -> str:
        return urlsplit(mesh.settings["DB_URIS"][f"{name}:Base"]).path.strip("/")

    other = other_than(room)
    with database_of(mesh, room) as cursor:
        cursor.execute(f"SELECT version_num FROM {schema(room)}.alembic_version")
        [[revision]] = cursor.fetchall()
        cursor.execute(f"UPDATE {schema(room)}.alembic_version SET version_num = %s", (revision,))
        cursor.execute("SHOW DATABASES")
        assert {name for [name] in cursor} - {"information_schema"} == {schema(room)}
        for statement in (f"SELECT * FROM {schema(other)}.alembic_version",
                          f"UPDATE {schema(other)}.alembic_version SET version_num = 'x'",
                          f"DELETE FROM {schema(other)}.alembic_version",
                          f"CREATE TABLE {schema(room)}.x (x INT)", f"DROP TABLE {schema(room)}.alembic_version",
                          "SELECT * FROM mysql.global_priv", "CREATE USER x", "SHUTDOWN",
                          "SELECT 1 INTO OUTFILE '/tmp/x'"):
            with pytest.raises(pymysql.Error) as refusal:
                cursor.execute(statement)
            assert refusal.value.args[0] in (1044, 1142, 1045, 1227, 1370), statement

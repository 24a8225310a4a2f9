"""A room survives any message, and answers the next good call."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import nameko
import pytest
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.messaging import Producer
from nameko.exceptions import IncorrectSignature, MethodNotFound, RemoteError, RpcTimeout
from nameko.rpc import get_rpc_exchange
from nameko.standalone.rpc import ClusterRpcClient

from schemas.errors import FieldsInvalid, Forbidden, Unauthenticated
from schemas.order.refusals import SeatsTaken
from testbed.mesh import wait_until
from tests.drivers.processes import Process
from tests.integration.foundation.conftest import wait_for_room

GOOD = {"args": [], "kwargs": {"text": "hello"}}
WORKERS = 20


class Stranger:
    """Sends a room anything at all, and reads what comes back."""

    def __init__(self, connection: Any) -> None:
        self._channel: Any = connection.channel()
        name = uuid.uuid4().hex
        self._replies = Queue(name, exchange=get_rpc_exchange(), routing_key=name, exclusive=True)(self._channel)
        self._replies.declare()

    def send(self, body: object, key: str = "echo.say", reply: bool = True, **properties: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        properties = {"content_type": "application/json", "content_encoding": "utf-8"} | properties
        if reply:
            properties.setdefault("reply_to", self._replies.routing_key)
        producer: Any = Producer(self._channel)
        producer.publish(raw, exchange=get_rpc_exchange(), routing_key=key, **properties)

    def hear(self) -> dict[str, Any]:
        """The next reply."""
        message = wait_until(lambda: self._replies.get(no_ack=True), 5, "a reply")
        return dict(json.loads(message.body))

    def is_answered(self) -> bool:
        """Whether the echo room still does what it is for."""
        self.send(GOOD)
        return self.hear() == {"result": {"text": "hello"}, "error": None}


@pytest.fixture
def stranger(amqp_uri: str, echo: Process) -> Iterator[Stranger]:
    with Connection(amqp_uri) as connection:
        yield Stranger(connection)


@pytest.mark.full_size("integration/foundation/test_malformed_messages.py")
def test_a_message_that_wants_no_reply_is_dropped(stranger: Stranger, echo: Process) -> None:
    stranger.send(GOOD, reply=False)
    assert stranger.is_answered()
    assert echo.is_alive


@pytest.mark.parametrize("body", [
    b"", b"{", b"\xff\xfe\x00", b"[" * 5000, b'{"args": [], "kwargs": {"text": "\\ud800"}}',
], ids=["nothing", "half", "bytes", "deep", "half a letter"])
def test_the_sender_of_a_body_that_is_not_json_gets_an_error(stranger: Stranger, echo: Process, body: bytes) -> None:
    stranger.send(body)
    assert stranger.hear()["error"]["exc_type"] == "MalformedRequest"
    assert stranger.is_answered()


@pytest.mark.parametrize("body", [
    [], "text", 7, None, {}, {"args": []}, {"kwargs": {}}, {"args": {}, "kwargs": {}}, {"args": [], "kwargs": []},
    {"args": None, "kwargs": None},
], ids=json.dumps)
def test_the_sender_of_a_body_of_another_shape_gets_an_error(stranger: Stranger, body: object) -> None:
    stranger.send(body)
    assert stranger.hear()["error"]["exc_type"] == "MalformedRequest"
    assert stranger.is_answered()


def test_fields_are_passed_by_name(stranger: Stranger) -> None:
    stranger.send({"args": ["hello"], "kwargs": {}})
    assert stranger.hear()["error"]["exc_type"] == "IncorrectSignature"


@pytest.mark.parametrize("name", ["self", "request", "method", "", "a b", "__class__"])
def test_a_field_of_any_name_is_an_unknown_field(stranger: Stranger, name: str) -> None:
    stranger.send({"args": [], "kwargs": {"text": "hello", name: 1}})
    error = stranger.hear()["error"]
    assert error["exc_type"] == "FieldsInvalid"
    assert list(error["exc_args"][0]["fields"]) == [name]


@pytest.mark.parametrize("key", ["echo.nothing", "echo.", "echo.__init__", "echo.principal", "echo.say.more"])
def test_a_call_of_an_unknown_method_gets_an_error(stranger: Stranger, key: str) -> None:
    stranger.send(GOOD, key=key)
    if key != "echo.say.more":  # no binding of the room takes two dots
        assert stranger.hear()["error"]["exc_type"] == "MethodNotFound"
    assert stranger.is_answered()


@pytest.mark.parametrize("headers", [
    {"nameko.call_id_stack": 7},
    {"nameko.call_id_stack": [1, None, {}]},
    {"nameko.call_id_stack": "text"},
    {"call_id_stack": {"a": 1}},
    {"nameko.caller": "root"},
    {"nameko.caller": {"user_id": ["x"], "username": {}, "roles": 7, "token_id": 1.5}},
    {"nameko.caller": {"user_id": "u", "roles": [["admin"], {}]}},
    {"nameko.caller": {"user_id": "u", "roles": "admin"}},
    {"nameko.request_id": {"a": [1, 2]}},
    {"nameko.idempotency_key": ["x"]},
    {"nameko.deadline": "tomorrow"},
    {"nameko.language": "x" * 100_000},
    {f"nameko.x{number}": number for number in range(1000)},
    {"": "", ".": None},
], ids=lambda headers: json.dumps(headers)[:50])
def test_malformed_headers_do_no_harm(stranger: Stranger, echo: Process, headers: dict[str, Any]) -> None:
    stranger.send(GOOD, headers=headers)
    stranger.hear()  # an answer or a refusal, but soon
    stranger.send({"args": [], "kwargs": {}}, key="echo.manage", headers=headers)
    assert stranger.hear()["error"]
    assert stranger.is_answered()
    assert echo.is_alive


@pytest.mark.parametrize("properties", [
    {"content_type": "application/x-python-serialize", "content_encoding": "binary"},
    {"content_type": "application/x-yaml"},
    {"content_type": "application/data", "content_encoding": "binary"},
    {"content_type": "text/nonsense", "content_encoding": "klingon"},
    {"content_type": "", "content_encoding": ""},
    {"headers": {"compression": "application/x-gzip"}},
    {"headers": {"compression": "nonsense"}},
], ids=lambda properties: str(properties)[:60])
def test_other_content_types_are_not_read(stranger: Stranger, echo: Process, properties: dict[str, Any]) -> None:
    stranger.send(GOOD, **properties)
    assert stranger.hear()["error"]["exc_type"] == "MalformedRequest"
    assert stranger.is_answered()
    assert echo.is_alive


def test_a_reply_address_that_does_not_exist_does_no_harm(stranger: Stranger, echo: Process) -> None:
    stranger.send(GOOD, reply_to="nobody", correlation_id="x" * 255)
    assert stranger.is_answered()
    assert echo.is_alive


def test_type_tags_in_a_callers_text_stay_text(echo: Process, client: Any) -> None:
    tagged = {"__type__": "datetime", "__value__": "zzz"}
    assert client.echo.say(text="x", anything=tagged)["anything"] == tagged


@pytest.mark.full_size("integration/foundation/test_malformed_messages.py")
def test_stock_nameko_never_answers_type_tags_and_dies_of_a_message_without_reply_address(
    run_stock_room: Callable[[], Process], amqp_uri: str,
) -> None:
    room = run_stock_room()
    with nameko.config.patch({"AMQP_URI": amqp_uri}, clear=True), ClusterRpcClient(timeout=1.5) as client:
        wait_for_room(client, "stock_echo", room)
        assert client.stock_echo.say(text="hello") == "hello"
        with pytest.raises(RpcTimeout):
            client.stock_echo.say(text={"__type__": "datetime", "__value__": "zzz"})

    with Connection(amqp_uri) as connection:
        Stranger(connection).send(GOOD, key="stock_echo.say", reply=False)
        assert room.exit_code() != 0


# --- what goes wrong inside ---


def test_a_refusal_arrives_as_itself_with_its_facts(echo: Process, client: Any) -> None:
    with pytest.raises(SeatsTaken) as refusal:
        client.echo.fail(how="refuse")
    assert refusal.value.about == {"seats": ["F7", "F8"], "price": 1250, "share": 0.5, "none": None}
    with pytest.raises(Forbidden):
        client.echo.fail(how="forbid")


def test_a_guest_is_refused_as_unauthenticated(echo: Process, client: Any) -> None:
    with pytest.raises(Unauthenticated):
        client.echo.manage()


@pytest.mark.parametrize("how", ["break", "time out", "babble"])
def test_a_bug_in_a_method_is_reported_at_once_and_costs_no_worker(echo: Process, client: Any, how: str) -> None:
    for _ in range(WORKERS + 1):
        with pytest.raises(RemoteError):
            client.echo.fail(how=how)
    assert client.echo.say(text="hello") == {"text": "hello"}
    assert echo.is_alive


def test_mistakes_in_a_call_reach_the_caller_as_themselves(echo: Process, client: Any) -> None:
    with pytest.raises(MethodNotFound):
        client.echo.sing()
    with pytest.raises(IncorrectSignature):
        client.echo.say("hello")
    with pytest.raises(FieldsInvalid):
        client.echo.say(words="hello")

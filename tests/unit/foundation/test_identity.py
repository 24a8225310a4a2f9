"""The signature by which a room knows that the gateway has verified a caller."""

import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nameko
import pytest
from prometheus_client import REGISTRY

from schemas import order, user
from schemas.base import Method
from schemas.errors import Forbidden
from services.foundation.rpc import calls, identity
from services.foundation.rpc.circuit_breaker import CircuitBreakers
from services.foundation.rpc.client import RemoteCaller
from services.foundation.rpc.identity import FAULTS, Identities
from services.foundation.rpc.server import RoomRpc
from services.foundation.settings import SettingsError

OLD, NEW = b"o" * 64, b"n" * 64
OURS = Identities([NEW])
ANNA = {"user_id": "anna", "username": "Ännä", "roles": ["manager@kanal"], "token_id": "t", "expires_at": "2030"}


DAY = 86_400.0


def context(method: Method = order.BUY, keys: Identities = OURS, seconds: float = DAY, **others: Any) -> dict[str, Any]:
    """The context of a call by Anna, signed for a method; by default for longer than any run of tests takes."""
    plain = {"caller": ANNA, "request_id": "r1"}
    return plain | {"identity": keys.sign(plain, method, seconds)} | others


@pytest.mark.parametrize(("found", "fault"), [
    (context(), None),
    ({}, None), ({"caller": None}, None), ({"caller": {}}, None), ({"caller": "root"}, None),
    (context(identity=None), "missing"), (context(identity=""), "missing"), (context(identity={"a": 1}), "missing"),
    (context(identity="1.2"), "wrong"), (context(identity=f"{9**15}.{'0' * 64}"), "wrong"),
    (context(identity="ü" * 80), "wrong"), (context(identity=context()["identity"] + "\n"), "wrong"),
    (context(order.GET_LIST), "wrong"),
    (context(keys=Identities([OLD])), "wrong"),
    (context(caller=ANNA | {"user_id": "ben"}), "wrong"),
    (context(caller=ANNA | {"roles": ["admin"]}), "wrong"),
    (context(caller=ANNA | {"roles": b"\xff"}), "wrong"),
    (context(caller={"roles": ["admin"]}), "wrong"),
    (context(request_id="r2"), "wrong"),
    (context(seconds=-11), "expired"),
], ids=["signed", "nobody", "no caller", "an empty caller", "no caller's form", "no signature", "an empty signature",
        "no signature's form", "too short", "far too late", "not ASCII", "longer", "another method", "an old key",
        "another user", "another role", "no JSON", "less of a caller", "another request", "late"])
def test_a_caller_is_believed_for_the_signed_call_only(found: dict[str, Any], fault: str | None) -> None:
    assert OURS.fault(found, "order.buy") == fault


def test_clocks_may_differ_by_some_seconds() -> None:
    late = context(seconds=-8)   # 3 s ago, with the grace
    assert Identities([NEW], skew_seconds=5).fault(late, "order.buy") is None
    assert Identities([NEW], skew_seconds=2).fault(late, "order.buy") == "expired"


def test_a_new_key_takes_the_place_of_an_old_one_while_both_are_believed() -> None:
    before, announced, turned = Identities([OLD]), Identities([OLD, NEW]), Identities([NEW, OLD])
    for first, second in ((before, announced), (announced, turned)):    # that run at the same time
        assert first.fault(context(keys=second), "order.buy") is None
        assert second.fault(context(keys=first), "order.buy") is None
    assert before.fault(context(keys=turned), "order.buy") == "wrong"


# --- in a room ---


class Worker:
    """As much of a worker as the dependency providers look at."""

    service_name = "user"

    def __init__(self, data: dict[str, Any], entrypoint: Any = None) -> None:
        self.context_data, self.entrypoint = data, entrypoint or RoomRpc()
        self.entrypoint.method_name = "get_profile"


@pytest.fixture
def config(tmp_path: Path) -> Iterator[dict[str, Any]]:
    settings = {"environment": "local", "run_folder": str(tmp_path / "run"), "identity": {"key": NEW.decode()}}
    with nameko.config.patch(settings, clear=True):
        yield settings


def principal_of(data: dict[str, Any]) -> calls.Principal:
    provider = calls.PrincipalProvider()
    provider.container = type("Container", (), {"service_name": "user"})
    provider.setup()
    return provider.get_dependency(Worker(data))


@pytest.mark.parametrize("method", [user.GET_PROFILE, user.GET_CONTACT, user.LOGIN], ids=lambda each: each.access)
def test_an_unsigned_caller_is_refused_and_counted_whatever_the_method(config: Any, method: Method) -> None:
    principal_of(context(user.GET_PROFILE)).permit(user.GET_PROFILE)   # the control
    counted = lambda: REGISTRY.get_sample_value(  # noqa: E731
        "marquee_faulty_identities_total", {"room": "user", "fault": "missing"})
    before = counted()
    with pytest.raises(Forbidden):
        principal_of({"caller": ANNA, "request_id": "r1"}).permit(method)
    assert counted() == before + 1
    for fault in FAULTS:   # each is shown before it happens
        labels = {"room": "user", "fault": fault}
        assert REGISTRY.get_sample_value("marquee_faulty_identities_total", labels) is not None


def test_while_old_versions_are_replaced_an_unsigned_caller_may_be_believed(config: dict[str, Any]) -> None:
    nameko.config["identity"] = {**config["identity"], "required": False}
    principal_of({"caller": ANNA, "request_id": "r1"}).permit(user.GET_PROFILE)


def test_a_room_signs_for_its_caller_and_the_method_that_it_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(RemoteCaller, "_exchange", lambda self, method, fields, context: sent.append(context) or {
        "result": {}})
    remote = RemoteCaller(None, context(), CircuitBreakers(), identities=OURS)  # type: ignore[arg-type]
    remote.call(user.GET_PROFILE, {})
    remote.call(user.GET_USERS, {}, caller=None)
    assert OURS.fault(sent[0], "user.get_profile") is None
    assert OURS.fault(sent[0], "order.buy") == "wrong"
    assert "identity" not in sent[1]


# --- the keys ---


def test_a_local_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    settings = {"environment": "local", "run_folder": str(tmp_path / "run"), "identity": {}}
    first, second = (identity.load(settings) for _ in range(2))
    assert first.keys == second.keys
    [file] = (tmp_path / "run").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_outside_local_use_a_key_is_required_from_a_variable_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_bytes(NEW + b"\n" + OLD + b"\n")

    def load(**section: Any) -> Identities:
        given = {"key": "", "key_file": "", **section}
        return identity.load({"environment": "production", "run_folder": str(tmp_path), "identity": given})

    with pytest.raises(SettingsError, match="MARQUEE_IDENTITY_KEY"):
        load()
    assert load(key=f"{NEW.decode()}, {OLD.decode()}").keys == load(key_file=str(file)).keys == [NEW, OLD]
    for bad in ({"key": "short"}, {"key": f"{NEW.decode()},short"}, {"key_file": str(tmp_path / "none")},
                {"key_file": str(tmp_path)}):
        with pytest.raises(SettingsError) as mistake:
            load(**bad)
        assert "short" not in str(mistake.value)


def test_a_signature_costs_microseconds() -> None:
    data, began = context(), time.process_time()
    for _ in range(1000):
        OURS.sign(data, order.BUY, 5)
        OURS.fault(data, "order.buy")
    assert (time.process_time() - began) / 1000 < 0.0005   # some 10 µs; a machine may be busy

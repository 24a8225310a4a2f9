"""With hardly any storage left nothing new is taken, and what was begun is finished."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from gateway import service as gateway_service
from gateway.http.messages import Request
from gateway.service import Gateway
from schemas import catalogue, order
from schemas.base import Method
from schemas.errors import StorageFull
from services.foundation.database import Transactions
from services.foundation.readiness import storage as storages
from services.foundation.readiness.storage import MEGABYTE, Storage, free_bytes, reserve_bytes
from services.foundation.rpc import calls
from services.foundation.rpc.calls import Principal, call
from services.foundation.settings import SettingsError

# What is still served: it ends something, takes something away, or lets somebody reach what they have.
GOES_ON = {
    "user.login", "user.logout", "user.end_session", "user.change_password", "user.reset_password",
    "user.confirm_email", "user.open_order", "user.close_account", "user.remove_address", "user.withdraw",
    "user.remove", "notification.mark_read", "order.pay", "order.refund", "order.cancel", "order.extend",
    "order.cancel_screening", "order.admit", "order.undo_admission",
    "kitchen.start", "kitchen.finish", "kitchen.hand_over", "kitchen.undo", "payment.remove_card",
}


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Storage:
    """No storage is left for this process."""
    found = Storage(Path("/"), 2**80)
    for module in (calls, gateway_service):
        monkeypatch.setattr(module, "storage", lambda: found)
    return found


def test_what_finishes_something_goes_on_and_every_other_write_is_refused(full: Storage) -> None:
    for method in catalogue.methods().values():
        if method.reads or method.access == "internal" or f"{method.room}.{method.name}" in GOES_ON:
            full.check(method)
            continue
        with pytest.raises(StorageFull):
            full.check(method)


def test_storage_is_measured_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now, measured = 0.0, list[Path]()
    free = [90, 110]

    def measure(folder: Path) -> int:
        measured.append(folder)
        return free.pop(0)

    monkeypatch.setattr(storages, "free_bytes", measure)
    storage = Storage(Path("run"), 100, clock=lambda: now)
    assert [storage.is_low() for _ in range(3)] == [True] * 3
    now = 1.0
    assert [storage.is_low() for _ in range(3)] == [False] * 3
    assert measured == [Path("run")] * 2


def test_storage_is_that_of_the_folder_or_of_where_it_would_be_made(tmp_path: Path) -> None:
    assert abs(free_bytes(tmp_path / "not" / "there") - free_bytes(tmp_path)) < 1000 * MEGABYTE


def test_the_reserve_is_in_megabytes_and_a_wrong_one_is_named() -> None:
    assert reserve_bytes({"storage": {"reserve_mb": 5}}) == 5 * MEGABYTE
    with pytest.raises(SettingsError, match=r"storage\.reserve_mb"):
        reserve_bytes({"storage": {"reserve_mb": -1}})


def test_a_room_refuses_before_it_does_anything(full: Storage) -> None:
    done: list[Any] = []

    def serve(method: Method) -> Callable[..., Any]:
        return call(method)(lambda room, request: done.append(request) or {"done": True})  # type: ignore[func-returns-value]

    room = SimpleNamespace(principal=Principal(user_id="anna"))
    with pytest.raises(StorageFull):
        serve(order.BUY)(room, screening_id="s", seats=["F7"])
    assert done == []


def test_the_gateway_refuses_before_it_asks_who_it_is(full: Storage) -> None:
    request = Request("POST", "/order/buy", "r", method=order.BUY, fields={})
    with pytest.raises(StorageFull) as refused:
        Gateway.call_room(SimpleNamespace(), request)
    assert refused.value.about["retry_after"] > 0


@pytest.mark.parametrize("number", [1021, 1114])
def test_a_table_that_cannot_grow_is_no_bug(number: int) -> None:
    class FullEngine:
        def connect(self) -> Any:
            raise OperationalError("INSERT", {}, Exception(number, "The table is full"))

    engine: Any = FullEngine()
    with pytest.raises(StorageFull):
        Transactions(engine).run(lambda tx: None)

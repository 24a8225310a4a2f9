"""The payment room loses calls to the wallet and their answers: money moves once all the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory

from schemas.base import Method
from schemas.errors import RoomSilent, RoomUnavailable
from schemas.payment import PaymentMethodUnknown
from schemas.wallet import InsufficientFunds
from services.foundation import migrate
from services.foundation.database import Transactions, make_engine
from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal
from services.payment.reconciling import reconciler
from services.payment.service import Payment
from services.payment.settings import load
from testbed.mesh import Mesh
from tests.drivers.sequential_job_pool import SequentialJobPool
from tests.integration.wallet.conftest import has, transfer

EUR_4 = {"amount": 400, "currency": "EUR", "method": "wallet", "user_id": "ada"}


@dataclass
class FaultyCaller:
    """Calls the wallet room, but for the next call of a method in `unsent` and the next answer of one in `lost`."""

    room: Any
    unsent: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    def call(self, method: Method, fields: dict[str, Any]) -> Any:
        if method.name in self.unsent:
            self.unsent.remove(method.name)
            raise RoomUnavailable(room="wallet")
        reply = getattr(self.room, method.name)(**fields)
        if method.name in self.lost:
            self.lost.remove(method.name)
            raise RoomSilent(room="wallet")
        return reply


@pytest.fixture
def caller(room: Any) -> FaultyCaller:
    """Ada has 10 euros."""
    room.credit(**transfer("r1", 1000, "adjustment"))
    return FaultyCaller(room)


@pytest.fixture(scope="module")
def books(servers: Mesh) -> Iterator[Transactions]:
    """The payment room's own."""
    with nameko.config.patch(servers.settings, clear=True):
        migrate.upgrade("payment")
        engine = make_engine(servers.settings["DB_URIS"]["payment:Base"])
    yield Transactions(engine)
    engine.dispose()


@pytest.fixture
def payment(books: Transactions, caller: FaultyCaller) -> Any:
    return worker_factory(Payment, principal=Principal(), database=books, jobs=SequentialJobPool(), remote=caller,
                          settings=load(nameko.config))


@pytest.fixture
def order_id() -> str:
    return new_id()


@pytest.fixture
def reconcile(books: Transactions, caller: FaultyCaller, order_id: str) -> Callable[[], list[str]]:
    """Compare the books of both rooms; what differed about the order."""
    return lambda: [str(line) for line in reconciler.reconcile(books, load(nameko.config), caller)
                    if order_id in str(line)]


@pytest.mark.parametrize("step", ["reserve", "capture"])
def test_a_charge_whose_answer_was_lost_is_repeated_and_taken_once(payment: Any, caller: FaultyCaller, order_id: str,
                                                                   step: str) -> None:
    caller.lost = {step}
    with pytest.raises(RoomSilent):
        payment.charge(order_id=order_id, **EUR_4)

    assert payment.charge(order_id=order_id, **EUR_4)["status"] == "captured"
    assert payment.charge(order_id=order_id, **EUR_4)["captured"] == 400
    assert has(caller.room) == (600, 0, 600)


@pytest.mark.parametrize("step", ["reserve", "capture"])
def test_an_order_closed_after_a_lost_answer_keeps_no_money_of_its_member(
        payment: Any, caller: FaultyCaller, order_id: str, step: str) -> None:
    caller.lost = {step}
    with pytest.raises(RoomSilent):
        payment.charge(order_id=order_id, **EUR_4)

    captured = payment.close(order_id=order_id)["captured"]

    assert captured == (400 if step == "capture" else 0)
    assert has(caller.room) == (1000 - captured, 0, 1000 - captured)


@pytest.mark.full_size("integration/wallet/test_faulty_calls.py", "integration/wallet/test_paying.py")
def test_an_order_whose_wallet_was_not_reached_is_paid_otherwise(payment: Any, caller: FaultyCaller, order_id: str,
                                                                 reconcile: Callable[[], list[str]]) -> None:
    caller.unsent = {"capture"}   # the reservation has arrived before the room went away
    with pytest.raises(RoomUnavailable):
        payment.charge(order_id=order_id, **EUR_4)
    assert payment.charge(order_id=order_id, amount=400, currency="EUR", method="sandbox")["status"] == "captured"
    assert has(caller.room) == (1000, 400, 600)

    reconcile()

    assert has(caller.room) == (1000, 0, 1000)
    assert reconcile() == []


def test_a_refund_whose_answer_was_lost_goes_back_once(payment: Any, caller: FaultyCaller, order_id: str,
                                                       reconcile: Callable[[], list[str]]) -> None:
    payment.charge(order_id=order_id, **EUR_4)
    wanted = {"refund_id": new_id(), "order_id": order_id, "amount": 150, "currency": "EUR"}
    caller.lost = {"credit"}
    with pytest.raises(RoomSilent):
        payment.refund(**wanted)

    assert [payment.refund(**wanted)["status"] for _ in range(2)] == ["done", "done"]
    assert has(caller.room) == (750, 0, 750)
    assert reconcile() == []


def test_test_money_goes_into_a_wallet_once(payment: Any, caller: FaultyCaller, order_id: str,
                                            reconcile: Callable[[], list[str]]) -> None:
    payment.charge(order_id=order_id, amount=400, currency="EUR", method="sandbox", user_id="ada")
    wanted = {"refund_id": new_id(), "order_id": order_id, "amount": 400, "currency": "EUR", "credit_to": "ada"}
    caller.lost = {"credit"}
    with pytest.raises(RoomSilent):
        payment.refund(**wanted)

    assert payment.refund(**wanted)["status"] == "done"
    assert has(caller.room) == (1400, 0, 1400)
    assert reconcile() == []


def test_too_little_money_is_refused_with_its_reason_and_another_try_is_open(payment: Any, order_id: str) -> None:
    with pytest.raises(InsufficientFunds):
        payment.charge(order_id=order_id, **EUR_4 | {"amount": 1001})
    assert payment.get_status(order_id=order_id)["reason"] == "insufficient_funds"
    assert payment.charge(order_id=order_id, amount=1001, currency="EUR", method="sandbox")["status"] == "captured"


def test_a_wallet_is_somebodys(payment: Any, order_id: str) -> None:
    with pytest.raises(PaymentMethodUnknown):
        payment.charge(order_id=order_id, amount=400, currency="EUR", method="wallet")
    assert payment.get_status(order_id=order_id)["status"] == "none"

"""A purchase that fails on its way: which holds and which snacks it releases."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from schemas.errors import OutcomeUnknown, RequestInProgress, RoomUnavailable
from schemas.kitchen import SnacksSoldOut
from schemas.order.refusals import PriceChanged, QueueRequired
from services.foundation.database import CommitUnknown
from services.foundation.rpc.idempotency import AlreadyAnswered
from services.order.buying.new_order import NewOrder
from services.order.buying.purchase import Purchase
from services.order.buying.store import SlotTaken
from services.order.holding.hold_limits import NO_PAUSES
from services.order.order_items import RequestedSnack, Snack
from services.order.screenings.screening_snapshot import ScreeningSnapshot
from services.seating.sale_queue import QueueOpen
from tests.unit.order.samples import LATER, MINUTE, NOW

HOUR = 60 * MINUTE

SCREENING = ScreeningSnapshot("s", "Arrival", "kanal", "Kino am Kanal", "Saal 1", LATER, LATER + 2 * HOUR, "EUR", {})
ORDER = NewOrder("mine", "b", "ada", SCREENING, [{"seat_id": "F7", "kind": "standard", "price": 900}], [], NOW, LATER)
SNACKS: list[RequestedSnack] = [{"sku": "cola", "quantity": 1}]
RESERVED: list[Snack] = [{"sku": "cola", "name": "Cola", "name_zh": None, "quantity": 1, "price": 300}]
ANSWER = {"order_id": "mine", "status": "created"}


class FakeDatabase:
    """Does nothing but raise, call by call, what it is told; afterwards it sees no order."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self._outcomes = iter(outcomes)

    def run(self, work: object) -> None:
        if outcome := next(self._outcomes):
            raise outcome

    def read(self, work: object) -> bool:
        self.run(work)
        return False


class FakeReservations:
    """The kitchen's; it may refuse."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.released: list[str] = []
        self._refusal = refusal

    def reserve(self, order: NewOrder, requested: object) -> list[Snack]:
        if self._refusal:
            raise self._refusal
        return RESERVED

    def release(self, order_id: str) -> None:
        self.released.append(order_id)


def complete(database: FakeDatabase, kitchen: FakeReservations, given: bool = True, agreed: int | None = None,
             snacks: list[RequestedSnack] = SNACKS, freed: list[Any] | None = None,
             hold: Callable[..., None] = lambda *seats: None) -> dict[str, Any]:
    free = (lambda *seats: None) if freed is None else lambda *seats: freed.append(seats)
    return purchase(database, kitchen, given, agreed, SimpleNamespace(hold=hold, publish_free=free)).complete(snacks)


def purchase(database: FakeDatabase, kitchen: FakeReservations, given: bool, agreed: int | None, boards: Any,
             **more: Any) -> Purchase:
    keys: Any = SimpleNamespace(given=given, raise_if_answered=None)
    return Purchase(database, boards, kitchen, None, keys, ORDER, agreed, **more)  # type: ignore[arg-type]


def test_an_order_whose_commit_came_through_after_all_keeps_its_snacks() -> None:
    """Looked for, it was not there yet; its own answer is found under its key the next time."""
    database = FakeDatabase(CommitUnknown(), None, AlreadyAnswered(ANSWER))
    kitchen = FakeReservations()
    assert complete(database, kitchen) == ANSWER
    assert kitchen.released == []


@pytest.mark.parametrize("next_time", [
    IntegrityError("INSERT INTO orders", {}, Exception()), RequestInProgress()])
def test_snacks_of_an_order_in_doubt_are_left_to_the_kitchen(next_time: Exception) -> None:
    kitchen = FakeReservations()
    with pytest.raises(type(next_time)):
        complete(FakeDatabase(CommitUnknown(), None, next_time), kitchen, given=False)
    assert kitchen.released == []


@pytest.mark.parametrize("silent_at", [1, 2], ids=["when it is looked for", "when it is tried again"])
def test_an_order_in_doubt_is_not_reported_as_failed_when_the_database_falls_silent(silent_at: int) -> None:
    kitchen = FakeReservations()
    answers: list[Any] = [CommitUnknown(), None, None]
    answers[silent_at] = RoomUnavailable()
    with pytest.raises(OutcomeUnknown):
        complete(FakeDatabase(*answers), kitchen, given=False)
    assert kitchen.released == []


def test_snacks_are_released_when_a_copy_was_faster() -> None:
    kitchen = FakeReservations()
    assert complete(FakeDatabase(AlreadyAnswered(ANSWER)), kitchen) == ANSWER
    assert kitchen.released == ["mine"]


@pytest.mark.parametrize(("refusal", "released"), [(SnacksSoldOut(), []), (RoomUnavailable(), ["mine"])])
def test_snacks_are_released_when_the_kitchen_may_have_reserved_them(refusal: Exception, released: list[str]) -> None:
    kitchen = FakeReservations(refusal)
    with pytest.raises(type(refusal)):
        complete(FakeDatabase(), kitchen, given=False)
    assert kitchen.released == released


def test_a_changed_price_releases_only_what_was_held() -> None:
    """Without snacks the price is known before anything is held, and a hold under the same key is that of a copy."""
    kitchen, freed = FakeReservations(), list[Any]()
    with pytest.raises(PriceChanged) as refusal:
        complete(FakeDatabase(None), kitchen, agreed=800, snacks=[], freed=freed)
    assert refusal.value.about == {"total": 900, "currency": "EUR", "snacks": [],
                                   "seats": [{"seat_id": "F7", "price": 900}]}
    assert (freed, kitchen.released) == ([], [])

    with pytest.raises(PriceChanged):
        complete(FakeDatabase(None), kitchen, agreed=800, freed=freed)
    assert (freed, kitchen.released) == ([("s", "b", ["F7"])], ["mine"])


def test_the_answer_of_a_copy_that_bought_at_the_old_price_is_repeated() -> None:
    assert complete(FakeDatabase(AlreadyAnswered(ANSWER)), FakeReservations(), agreed=800, snacks=[]) == ANSWER


@pytest.mark.parametrize(("refusal", "frees"), [(RequestInProgress(), False), (RoomUnavailable(), True)])
def test_the_hold_of_a_copy_under_way_is_not_released(refusal: Exception, frees: bool) -> None:
    """Both hold in one name; whoever is refused for another reason lets go."""
    freed: list[Any] = []
    with pytest.raises(type(refusal)):
        complete(FakeDatabase(refusal), FakeReservations(), given=False, freed=freed)
    assert bool(freed) is frees


class NoOrders(FakeDatabase):
    """In which no unpaid orders are found."""

    def read(self, work: object) -> Any:
        return []


def test_an_order_that_needs_another_slot_keeps_its_snacks() -> None:
    reply = complete(NoOrders(SlotTaken(), None), FakeReservations(), given=False)
    assert (reply["snacks"], reply["total"]) == (RESERVED, 1200)


@pytest.mark.parametrize(("recent", "slot"), [([], 1), ([("s", 1)], 2), ([("s", 2)], 1), ([("elsewhere", 1)], 1),
                                              ([("s", None)], 1), ([("s", 1), ("s", 2)], 1)])
def test_the_slot_that_is_free_by_the_last_orders_is_tried_first(recent: list[tuple[str, int | None]],
                                                                 slot: int) -> None:
    """With none free, the first: it is then found out whose orders are dead."""
    class Recent(FakeDatabase):
        def read(self, work: object) -> Any:
            return [SimpleNamespace(buyer_number=7, screening_id=screening, unpaid_slot=taken, status="paid",
                                    seat_count=2, held_until=LATER) for screening, taken in recent]

    boards = SimpleNamespace(hold=lambda *seats: None)
    buying = purchase(Recent(None), FakeReservations(), False, None, boards, most_unpaid_orders=2, limits=NO_PAUSES)
    buying.complete([])
    assert buying.order.unpaid_slot == slot


def queue_is_open(*seats: object) -> None:
    raise QueueOpen(12, LATER)


def test_a_buyer_without_a_pass_is_told_of_the_queue_and_leaves_nothing_behind() -> None:
    kitchen, freed = FakeReservations(), list[Any]()
    with pytest.raises(QueueRequired) as refusal:
        complete(FakeDatabase(None), kitchen, freed=freed, hold=queue_is_open)
    assert refusal.value.about == {"screening_id": "s", "waiting": 12, "draw_at": "2026-11-21T20:00:00.000+00:00"}
    assert (freed, kitchen.released) == ([], [])


def test_a_copy_that_bought_before_the_queue_opened_has_the_answer() -> None:
    assert complete(FakeDatabase(AlreadyAnswered(ANSWER)), FakeReservations(), hold=queue_is_open) == ANSWER

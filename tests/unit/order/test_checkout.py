"""What becomes of snacks that are set aside when it is not clear whether their order was written."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from schemas.errors import RequestInProgress, RoomUnavailable
from schemas.kitchen import SnacksSoldOut
from schemas.order.refusals import PriceChanged
from services.foundation.database import CommitUnknown
from services.foundation.rpc.idempotency import AlreadyAnswered
from services.order.buying.checkout import Taking
from services.order.rules import Quote

DRAFT = {"order_id": "mine", "screening_id": "s", "board_owner": "b", "expires_at": None, "total": 900,
         "currency": "EUR", "snacks": "[]"}
SNACKS = [{"sku": "cola", "quantity": 1}]
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


class FakeCounter:
    """The kitchen's; it may refuse."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.released: list[str] = []
        self._refusal = refusal

    def reserve(self, draft: dict[str, Any], terms: object, wanted: object) -> None:
        if self._refusal:
            raise self._refusal

    def release(self, order_id: str) -> None:
        self.released.append(order_id)


def take(database: FakeDatabase, counter: FakeCounter, given: bool = True, shown: int | None = None,
         snacks: list[dict[str, Any]] = SNACKS, freed: list[Any] | None = None) -> dict[str, Any]:
    free = (lambda *seats: None) if freed is None else lambda *seats: freed.append(seats)
    boards = SimpleNamespace(hold=lambda *seats: None, show_free=free)
    taking = Taking(database, boards, SimpleNamespace(counter=counter), None, None,  # type: ignore[arg-type]
                    SimpleNamespace(given=given, recall=None), shown)  # type: ignore[arg-type]
    return taking.take(DRAFT, Quote([{"seat_id": "F7", "price": 900}], 900), snacks)


def test_an_order_whose_commit_came_through_after_all_keeps_its_snacks() -> None:
    """Looked for, it was not there yet; its own answer is found under its key the next time."""
    database = FakeDatabase(CommitUnknown(), None, AlreadyAnswered(ANSWER))
    counter = FakeCounter()
    assert take(database, counter) == ANSWER
    assert counter.released == []


@pytest.mark.parametrize("next_time", [
    IntegrityError("INSERT INTO orders", {}, Exception()), RequestInProgress(), RoomUnavailable()])
def test_in_doubt_snacks_are_left_to_the_kitchen(next_time: Exception) -> None:
    counter = FakeCounter()
    with pytest.raises(type(next_time)):
        take(FakeDatabase(CommitUnknown(), None, next_time), counter, given=False)
    assert counter.released == []


def test_a_twin_that_was_faster_leaves_no_snacks_behind() -> None:
    counter = FakeCounter()
    assert take(FakeDatabase(AlreadyAnswered(ANSWER)), counter) == ANSWER
    assert counter.released == ["mine"]


@pytest.mark.parametrize(("refusal", "released"), [(SnacksSoldOut(), []), (RoomUnavailable(), ["mine"])])
def test_a_kitchen_that_does_not_answer_may_have_set_them_aside(refusal: Exception, released: list[str]) -> None:
    counter = FakeCounter(refusal)
    with pytest.raises(type(refusal)):
        take(FakeDatabase(), counter, given=False)
    assert counter.released == released


def test_another_price_frees_what_was_held_and_nothing_else() -> None:
    """Without snacks the price is known before anything is held, and a hold under the same key is a twin's."""
    counter, freed = FakeCounter(), list[Any]()
    with pytest.raises(PriceChanged) as refusal:
        take(FakeDatabase(None), counter, shown=800, snacks=[], freed=freed)
    assert refusal.value.about == {"total": 900, "currency": "EUR", "snacks": [],
                                   "seats": [{"seat_id": "F7", "price": 900}]}
    assert (freed, counter.released) == ([], [])

    with pytest.raises(PriceChanged):
        take(FakeDatabase(None), counter, shown=800, freed=freed)
    assert (freed, counter.released) == ([("s", "b", ["F7"])], ["mine"])


def test_whose_twin_bought_at_the_old_price_hears_of_that() -> None:
    assert take(FakeDatabase(AlreadyAnswered(ANSWER)), FakeCounter(), shown=800, snacks=[]) == ANSWER


@pytest.mark.parametrize(("refusal", "frees"), [(RequestInProgress(), False), (RoomUnavailable(), True)])
def test_a_copy_whose_twin_is_under_way_leaves_it_its_hold(refusal: Exception, frees: bool) -> None:
    """Both hold in one name; whoever is refused for another reason lets go."""
    freed: list[Any] = []
    with pytest.raises(type(refusal)):
        take(FakeDatabase(refusal), FakeCounter(), given=False, freed=freed)
    assert bool(freed) is frees

"""The same request under the same Idempotency-Key has one effect and one reply, also when copies overlap."""

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection

from schemas.errors import Conflict, KeyReused, RequestInProgress
from services.foundation.database import CommitUnknown, Transactions, utc_now
from services.foundation.rpc.calls import Principal
from services.foundation.rpc.idempotency import KEYS_KEPT, AlreadyAnswered, IdempotencyKey, delete_old_replies
from services.order.models import KEYS
from tests.integration.foundation.echo_room import SAY, WAIT

FOUR = {"text": "four seats, please"}


@pytest.fixture
def transactions(order_engine: Engine) -> Iterator[Transactions]:
    with order_engine.begin() as tx:
        tx.execute(text("CREATE TABLE sale (number INT AUTO_INCREMENT PRIMARY KEY, buyer VARCHAR(20)) ENGINE=InnoDB"))
    yield Transactions(order_engine)
    with order_engine.begin() as tx:
        tx.execute(text("DROP TABLE sale"))
        tx.execute(KEYS.delete())


Buy = Callable[..., dict[str, Any]]


@pytest.fixture
def buy(transactions: Transactions) -> Buy:
    """A room's method: sell something to `buyer`, and tell the number of the sale."""
    def buy(buyer: str = "anna", key: str | None = "k1", request: dict[str, Any] = FOUR, method: Any = SAY,
            refused: bool = False) -> dict[str, Any]:
        keys = IdempotencyKey(KEYS, Principal(user_id=buyer, idempotency_key=key), method, request)

        def work(tx: Connection) -> dict[str, Any]:
            keys.raise_if_answered(tx)
            number = tx.execute(text("INSERT INTO sale (buyer) VALUES (:buyer)"), {"buyer": buyer}).lastrowid
            reply = {"text": str(number)}
            keys.store_reply(tx, reply)
            if refused:
                raise Conflict()
            return reply

        try:
            return transactions.run(work)
        except AlreadyAnswered as earlier:
            return earlier.reply

    return buy


def sales(transactions: Transactions) -> list[str]:
    return transactions.read(lambda tx: list(tx.execute(text("SELECT buyer FROM sale")).scalars()))


def test_a_repeated_request_gets_the_same_reply_and_has_no_effect(buy: Buy, transactions: Transactions) -> None:
    assert buy() == buy() == buy()
    assert sales(transactions) == ["anna"]


def test_without_a_key_every_request_counts(buy: Buy, transactions: Transactions) -> None:
    assert buy(key=None) != buy(key=None)
    assert len(sales(transactions)) == 2


def test_another_request_under_the_same_key_is_refused(buy: Buy, transactions: Transactions) -> None:
    buy()
    with pytest.raises(KeyReused):
        buy(request={"text": "five seats, please"})
    assert sales(transactions) == ["anna"]


def test_the_order_of_fields_makes_no_difference(buy: Buy) -> None:
    assert buy(request={"text": "x", "anything": {"a": 1, "b": 2}}) == buy(
        request={"anything": {"b": 2, "a": 1}, "text": "x"})


def test_no_caller_gets_the_reply_of_another_under_the_same_key(buy: Buy, transactions: Transactions) -> None:
    assert buy(buyer="anna") != buy(buyer="ben")
    assert sales(transactions) == ["anna", "ben"]


def test_a_key_counts_for_one_method(buy: Buy, transactions: Transactions) -> None:
    buy(method=SAY)
    buy(method=WAIT)
    assert len(sales(transactions)) == 2


def test_upper_and_lower_case_are_different_keys(buy: Buy, transactions: Transactions) -> None:
    buy(key="abc")
    buy(key="ABC")
    assert len(sales(transactions)) == 2


def test_a_refused_request_leaves_nothing_and_may_be_repeated(buy: Buy, transactions: Transactions) -> None:
    with pytest.raises(Conflict):
        buy(refused=True)
    assert sales(transactions) == []
    buy()
    assert sales(transactions) == ["anna"]


def test_copies_at_the_same_moment_have_one_effect_and_one_reply(buy: Buy, transactions: Transactions) -> None:
    for key in ("a", "b", "c", "d", "e"):
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(lambda _, key=key: buy(key=key)["text"], range(8)))
        assert len(set(told)) == 1
    assert len(sales(transactions)) == 5


def test_of_two_requests_with_one_key_at_the_same_moment_one_is_refused(buy: Buy, transactions: Transactions) -> None:
    def outcome(number: int) -> str:
        try:
            return "told" if buy(request={"text": str(number)}) else ""
        except KeyReused:
            return "refused"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(outcome, range(2))) == ["refused", "told"]
    assert len(sales(transactions)) == 1


def test_a_copy_of_a_request_still_under_way_is_refused_as_in_progress(transactions: Transactions) -> None:
    keys = IdempotencyKey(KEYS, Principal(user_id="anna", idempotency_key="k1"), SAY, FOUR)

    def impatient(tx: Connection) -> None:
        tx.execute(text("SET SESSION innodb_lock_wait_timeout = 0"))
        try:
            keys.store_reply(tx, {"text": "2"})
        finally:
            tx.execute(text("SET SESSION innodb_lock_wait_timeout = 3"))  # the connection goes back to the pool

    with transactions.engine.connect() as copy:
        keys.store_reply(copy, {"text": "1"})
        with pytest.raises(RequestInProgress) as refusal:
            transactions.run(impatient)
    assert refusal.value.about == {"retry_after": 1}


def test_a_request_that_its_copy_made_impossible_gets_the_reply_of_the_copy(transactions: Transactions) -> None:
    keys = IdempotencyKey(KEYS, Principal(user_id="anna", idempotency_key="k1"), SAY, FOUR)

    def beaten(tx: Connection) -> dict[str, Any]:
        keys.run_once(transactions, lambda tx: {"text": "of the copy"})  # after we have looked for it
        raise Conflict()

    assert keys.run_once(transactions, beaten) == {"text": "of the copy"}


def test_work_that_is_refused_for_another_reason_is_refused(transactions: Transactions) -> None:
    def refused(tx: Connection) -> dict[str, Any]:
        raise Conflict()

    with pytest.raises(Conflict):
        IdempotencyKey(KEYS, Principal(user_id="anna", idempotency_key="k1"), SAY, FOUR).run_once(transactions, refused)


def test_a_stored_reply_may_be_replaced_in_a_second_transaction(buy: Buy, transactions: Transactions) -> None:
    buy()
    keys = IdempotencyKey(KEYS, Principal(user_id="anna", idempotency_key="k1"), SAY, FOUR)
    transactions.run(lambda tx: keys.replace_reply(tx, {"text": "refunded"}))
    assert buy() == {"text": "refunded"}


def test_old_keys_are_deleted(buy: Buy, transactions: Transactions) -> None:
    buy()
    a_week_later = utc_now() + KEYS_KEPT + dt.timedelta(seconds=1)
    assert transactions.run(lambda tx: delete_old_replies(tx, KEYS, utc_now())) == 0
    assert transactions.run(lambda tx: delete_old_replies(tx, KEYS, a_week_later)) == 1
    buy()
    assert len(sales(transactions)) == 2


class LosingAnswers(Transactions):
    """Every COMMIT is done, and the answer to the first gets lost."""

    lost = False

    def run(self, work: Callable[[Connection], Any]) -> Any:
        result = super().run(work)
        if not self.lost:
            self.lost = True
            raise CommitUnknown
        return result


@pytest.mark.parametrize("key", [None, "k1"])
def test_a_commit_without_an_answer_has_one_effect(transactions: Transactions, key: str | None) -> None:
    """With a key the work finds its own reply; without one, nothing would tell that it was done."""
    keys = IdempotencyKey(KEYS, Principal(user_id="anna", idempotency_key=key), SAY, FOUR)

    def sell(tx: Connection) -> dict[str, Any]:
        tx.execute(text("INSERT INTO sale (buyer) VALUES ('anna')"))
        return {"text": "sold"}

    with nullcontext() if key else pytest.raises(CommitUnknown):
        assert keys.run_once(LosingAnswers(transactions.engine), sell) == {"text": "sold"}
    assert sales(transactions) == ["anna"]

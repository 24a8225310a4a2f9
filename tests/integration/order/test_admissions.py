"""A ticket admits one guest, whichever doors scan it, in whatever order, and however often a scan is sent."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text, true

from schemas.errors import Refusal
from schemas.order import CANCEL_SCREENING
from schemas.order.refusals import GuestsAdmitted, NotAdmitted, TicketsUsed, UnknownTicket
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.calls import Principal
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order import models as order_models
from services.order import store as order_store
from services.order.admitting import store
from services.order.cancelling.cancelled_screenings import decide
from services.order.paying.unpaid_orders import UnpaidOrders
from services.order.refunding import house_refunds
from services.order.refunding import store as refund_store
from services.order.refunding.refunds import plan_refund
from services.order.screenings import refund_policy
from services.order.tickets.codes import TicketFacts, read
from tests.integration.order.doors import KEYS, Door, refund, sold
from tests.integration.order.purchases import NO_KEY
from tests.sizes import Size
from tests.unit.order.samples import MINUTE

LANES = 4   # guests before each door at a time
NOTHING: Any = None
TRIES = 5   # of the control, most of which end at the first


@pytest.fixture
def doors(database: Transactions) -> tuple[Door, Door]:
    return Door(database, "left"), Door(database, "right")


def seat_of(code: str) -> str:
    return read(code, KEYS.public).seat_id


def codes_of(database: Transactions, number: int) -> list[str]:
    return [code for _ in range(number // 8) for code in sold(database, 8)[1]]


def storm(doors: tuple[Door, Door], codes: list[str], mix: Callable[[list[str]], Any]) -> Counter[str]:
    """Both doors scan each code, in an order of their own; how often each code was let in."""
    lanes = []

    def stand_at(door: Door, codes: list[str]) -> list[str]:
        return [code for code in codes if door.scan(code)["result"] == "admitted"]

    with ThreadPoolExecutor(2 * LANES) as guests:
        for door in doors:
            mix(queue := list(codes))
            lanes += [guests.submit(stand_at, door, queue[lane::LANES]) for lane in range(LANES)]
    return Counter(code for lane in lanes for code in lane.result())


def admitted(database: Transactions) -> int:
    query = text("SELECT COUNT(*) FROM ticket WHERE admitted_at IS NOT NULL AND scan IS NOT NULL")
    return int(database.read(lambda tx: tx.execute(query).scalar_one()))


@pytest.mark.parametrize("is_shuffled", [True, False])
def test_two_doors_admit_each_ticket_once(database: Transactions, doors: tuple[Door, Door], size: Size, seed: int,
                                          is_shuffled: bool) -> None:
    codes = codes_of(database, size.door_codes)

    let_in = storm(doors, codes, random.Random(seed).shuffle if is_shuffled else lambda codes: None)

    assert let_in == dict.fromkeys(codes, 1)
    assert admitted(database) == len(codes)


def test_without_the_condition_some_ticket_admits_two(database: Transactions, doors: tuple[Door, Door], size: Size,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "UNUSED", true())
    storms = (storm(doors, codes_of(database, size.door_codes), lambda codes: None) for _ in range(TRIES))

    assert any(max(let_in.values()) == 2 for let_in in storms)


def test_a_repeated_scan_gets_the_first_answer_and_never_admits_again(database: Transactions,
                                                                      doors: tuple[Door, Door]) -> None:
    (left, right), [code] = doors, sold(database, 1)[1]
    first = left.scan(code, "n1")
    assert (first["result"], first["seat"], first["admission"]["door"]) == ("admitted", seat_of(code), "left")
    assert [left.scan(code, "n1", scanned_at=utc_now().isoformat()) for _ in range(2)] == [first, first]
    assert right.scan(code, "n1") == first, "another usher sends the scans that wait in this browser"

    seen = right.scan(code)
    assert (seen["result"], seen["admission"]) == ("already_admitted", first["admission"])
    assert "left" in seen["note"]

    left.undo_admission(code=code, nonce="n1")
    assert left.scan(code, "n1") == first
    assert admitted(database) == 0
    with pytest.raises(Refusal, match="key_reused"):
        left.scan(sold(database, 1)[1][0], "n1")


def test_an_admission_is_taken_back_once_and_only_by_its_own_scan(database: Transactions,
                                                                  doors: tuple[Door, Door]) -> None:
    (left, right), [code] = doors, sold(database, 1)[1]
    with pytest.raises(NotAdmitted):
        left.undo_admission(code=code)
    left.scan(code, "n1")
    with pytest.raises(NotAdmitted):
        left.undo_admission(code=code, nonce="n2")
    with pytest.raises(UnknownTicket):
        left.undo_admission(code="K472")
    with pytest.raises(Refusal, match="forbidden"):
        Door(database, "away", "usher@palast").undo_admission(code=code)
    assert right.undo_admission(code=code)["seat"] == left.scan(code, "n3")["seat"]
    assert left.scan(code, "n4")["result"] == "already_admitted"


def test_a_door_tells_what_is_wrong_with_a_ticket(database: Transactions, doors: tuple[Door, Door]) -> None:
    left, _ = doors
    [code] = sold(database, 1)[1]
    unsold = KEYS.sign(TicketFacts("0" * 32, "s1", "A1"))
    assert left.scan(f"{code[:-4]}AAAA")["result"] == "forged"
    assert left.scan("K472")["film"] is None
    assert left.scan(unsold)["result"] == "forged"
    assert left.scan(".".join(["M1", "AAAAAAAA", *code.split(".")[2:]]))["result"] == "unknown_key"

    astray = left.scan(code, screening_id="another")
    assert (astray["result"], astray["screening"]["hall_name"]) == ("wrong_screening", "Saal 1")
    assert "Kino am Kanal. Kanalstr. 1" in astray["note"]
    assert Door(database, "away", "usher@palast").scan(code)["result"] == "wrong_screening"
    early = left.scan(sold(database, 1, starts_in=90 * MINUTE)[1][0])
    assert (early["result"], early["note"][:13]) == ("too_early", "Doors open at")
    over = sold(database, 1, starts_in=-95 * MINUTE)[1][0]
    assert left.scan(over)["result"] == "wrong_screening"
    before = (utc_now() - 20 * MINUTE).isoformat()
    assert left.scan(over, scanned_at=before)["result"] == "admitted", "it was scanned while the film ran"
    assert left.scan(code)["note"] == "Age rating: 16."

    order_id, [given_back] = sold(database, 1, screening="s-given-back")
    refund(database, order_id)
    assert left.scan(given_back)["result"] == "refunded"
    database.run(lambda tx: tx.execute(text("INSERT INTO cancelled_screening VALUES ('s-given-back', 'ada', NOW())")))
    assert left.scan(given_back)["result"] == "cancelled"


def test_a_used_ticket_is_given_back_by_the_house_alone(database: Transactions, doors: tuple[Door, Door]) -> None:
    order_id, codes = sold(database, 2)
    used = doors[0].scan(codes[0])["seat"]
    with pytest.raises(TicketsUsed) as refusal:
        refund(database, order_id)
    assert refusal.value.about == {"seats": [used]}
    refund(database, order_id, [seat_of(codes[1])])
    assert doors[0].scan(codes[1])["result"] == "refunded"

    def cancelled(tx: Any) -> None:
        view = order_store.lock(tx, order_id)
        plan = refund_policy.full_refund(view.valid_prices)
        house_refunds.refund_seats(tx, view, plan, "screening_cancelled")

    database.run(cancelled)
    assert doors[0].scan(codes[0])["result"] == "refunded"


def test_an_order_or_screening_with_guests_in_is_cancelled_only_on_purpose(database: Transactions,
                                                                           doors: tuple[Door, Door]) -> None:
    order_id, codes = sold(database, 2, screening="s-broken")
    used = doors[0].scan(codes[0])["seat"]
    with pytest.raises(TicketsUsed, match=used):
        UnpaidOrders(database, *[NOTHING] * 3).cancel(NO_KEY, f"buyer{order_id[1:]}", order_id)

    def cancel(**how: bool) -> dict[str, Any]:
        boss, screening = Principal(user_id="boss", username="boss"), SimpleNamespace(screening_id="s-broken",
                                                                                      cinema_id="kanal")
        key = IdempotencyKey(order_models.KEYS, boss, CANCEL_SCREENING, {})
        asked: dict[str, Any] = {"dry_run": False, "although_admitted": False, "reason": None, **how}
        return decide(database, key, boss, screening, **asked)  # type: ignore[arg-type]

    assert cancel(dry_run=True)["admitted"] == 1
    with pytest.raises(GuestsAdmitted) as refusal:
        cancel()
    assert refusal.value.about == {"admitted": 1}
    assert cancel(although_admitted=True)["cancelled_at"]
    assert cancel()["admitted"] == 1, "a repeated request finds it done"
    assert doors[0].scan(codes[1])["result"] == "cancelled"


def test_a_guest_who_is_admitted_during_a_refund_stays_admitted(database: Transactions,
                                                                doors: tuple[Door, Door]) -> None:
    order_id, [code] = sold(database, 1)

    def give_back(tx: Any) -> None:
        view = order_store.lock(tx, order_id)
        plan = plan_refund(view, None, utc_now())
        assert doors[0].scan(code)["result"] == "admitted", "a refund does not stop the door"
        refund_store.refund_seats(tx, view, plan)

    with pytest.raises(TicketsUsed):
        database.run(give_back)
    assert doors[1].scan(code)["result"] == "already_admitted"

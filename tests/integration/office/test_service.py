"""Who sees which entries of the log, and how its money is compared with what other rooms tell."""

import itertools
from typing import Any

import pytest
from nameko.testing.services import worker_factory

from schemas import order
from schemas.errors import Forbidden, Unauthenticated
from services.foundation.database import Transactions, utc_now
from services.foundation.events.consumers import Delivery
from services.foundation.rpc.calls import Principal
from services.office.service import Office
from tests.integration.kitchen.conftest import paid
from tests.integration.office.conftest import append

LONG = {"from": "2000-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
EVENT_IDS = itertools.count()


def room(office: Transactions, *roles: str, user_id: str | None = "mia") -> Any:
    return worker_factory(Office, database=office, principal=Principal(user_id=user_id, username="Mia", roles=roles))


def shown(office: Transactions, *roles: str, **request: Any) -> list[str]:
    return [entry["operation_id"] for entry in room(office, *roles).get_log(**request)["entries"]]


@pytest.fixture
def log(office: Transactions) -> Transactions:
    append(office, "k1", "k2")
    append(office, "l1", cinema_id="lux", actor="Bob", actor_id="bob", about="cola",
           operated_at="2030-01-02T20:00:00+00:00")
    append(office, "a1", cinema_id=None, actor="operations account grant", actor_id=None, method="account.grant")
    return office


@pytest.mark.parametrize(("roles", "expected"), [
    (["admin"], ["a1", "l1", "k2", "k1"]), (["manager"], ["a1", "l1", "k2", "k1"]),
    (["manager@kanal"], ["k2", "k1"]), (["manager@lux", "cook@kanal"], ["l1"]),
    (["manager@lux", "manager@kanal"], ["l1", "k2", "k1"]), (["admin@lux"], ["l1"]), (["manager@elsewhere"], [])])
def test_a_manager_sees_the_entries_of_their_cinemas(log: Transactions, roles: list[str], expected: list[str]) -> None:
    assert shown(log, *roles) == expected


@pytest.mark.parametrize("method", ["get_log", "reconcile"])
def test_nobody_else_sees_the_log(log: Transactions, method: str) -> None:
    fields = LONG if method == "reconcile" else {}
    for roles in ([], ["cook"], ["cashier@kanal", "usher"]):
        with pytest.raises(Forbidden):
            getattr(room(log, *roles), method)(**fields)
    with pytest.raises(Unauthenticated):
        getattr(room(log, user_id=None), method)(**fields)


@pytest.mark.parametrize(("request_fields", "expected"), [
    ({"about": "cola"}, ["l1"]), ({"actor": "Bob"}, ["l1"]), ({"actor": "bob"}, ["l1"]), ({"actor": "BOB"}, []),
    ({"actor": "operations account grant"}, ["a1"]), ({"method": "account.grant"}, ["a1"]),
    ({"from": "2030-01-02T00:00:00Z"}, ["l1"]), ({"to": "2030-01-01T20:00:00Z"}, []),
    ({"to": "2030-01-02T00:00:00Z", "about": "popcorn"}, ["a1", "k2", "k1"])])
def test_the_log_is_searched(log: Transactions, request_fields: dict[str, Any], expected: list[str]) -> None:
    assert shown(log, "admin", **request_fields) == expected


def test_the_log_is_read_page_by_page(log: Transactions) -> None:
    pages, cursor = list[list[str]](), {}
    while True:
        reply = room(log, "admin").get_log(limit=2, **cursor)
        pages.append([entry["operation_id"] for entry in reply["entries"]])
        if not reply["next_cursor"]:
            break
        cursor = {"cursor": reply["next_cursor"]}
    assert pages == [["a1", "l1"], ["k2", "k1"]]


# --- the money ---


def delivery(about: str, body: dict[str, Any]) -> Delivery:
    return Delivery("office", f"event{next(EVENT_IDS)}", about, 1, utc_now(), body, 0)


def refund(order_id: str, status: str, refunded: int, amount: int | None = None,
           reason: str = "screening_cancelled") -> Delivery:
    screening = {**paid(order_id)["body"]["screening"], "ends_at": "2030-01-01T22:00:00Z"}
    message = paid(order_id)
    message["body"] |= {"status": status, "refunded": refunded, "reason": reason, "screening": screening,
                        "refund": None if amount is None else {"amount": amount, "seats": []}}
    event = {"refunding": order.REFUNDING, "refunded": order.REFUNDED}[status]
    return delivery(order_id, event.load({**message, "type": event.type})["body"])


def money(source: str, amount: int, method: str = "order.cancel_screening") -> dict[str, Any]:
    return {"method": method, "about": source, "money": {"amount": amount, "currency": "EUR", "source_id": source}}


def differences(office: Transactions, *roles: str) -> list[tuple[str, str, int, int]]:
    found = room(office, *(roles or ("manager",))).reconcile(**LONG)["differences"]
    return [(each["kind"], each["source_id"], each["logged"], each["moved"]) for each in found]


@pytest.mark.parametrize("late", [False, True])
def test_a_refund_with_snacks_that_is_told_twice_in_any_order_is_as_it_is_logged(office: Transactions,
                                                                                 late: bool) -> None:
    """300 had gone back before, at the buyer's wish; then the house gives back 500 for seats and 400 for snacks."""
    append(office, "o1", **money("a", -500))
    append(office, "o2", **money("a", -400))
    tellings = [("note_refund", refund("a", "refunding", 800, 500)),
                ("note_end_of_refund", refund("a", "refunded", 1200))]
    for name, event in (tellings[::-1] if late else tellings) * 2:
        getattr(room(office), name)(event)
    assert differences(office) == []


def test_every_difference_is_named(office: Transactions) -> None:
    append(office, "o1", **money("logged-only", -500))
    append(office, "o2", **money("less", -500))
    room(office).note_refund(refund("less", "refunding", 400, 400))
    room(office).note_refund(refund("moved-only", "refunding", 700, 700))
    room(office).note_refund(refund("asked-for", "refunding", 900, 900, reason="asked"))

    assert differences(office) == [("other_amount", "less", -500, -400), ("not_moved", "logged-only", -500, 0),
                                   ("not_logged", "moved-only", 0, -700)]
    assert differences(office, "manager@kanal") == differences(office)
    assert differences(office, "manager@lux") == []


def test_a_payment_that_a_person_returns_is_compared_too(office: Transactions) -> None:
    append(office, "o1", **{**money("p1", -900, "review.decide"), "cinema_id": None})
    body = {"payment_id": "p1", "order_id": "a", "amount": 900, "currency": "EUR", "provider": "sandbox",
            "reason": None, "given_back": 900}
    assert differences(office) == [("not_moved", "p1", -900, 0)]
    room(office).note_dismissal(delivery("p1", body))
    assert differences(office) == []


def adjustment(source: str, amount: int) -> Delivery:
    return delivery(source, {"adjustment_id": source, "user_id": "ada", "amount": amount, "currency": "EUR"})


def test_adjustments_of_wallets_are_compared_too(office: Transactions) -> None:
    """The log has them as the house sees them, the wallet as its member does."""
    for number, (source, given) in enumerate({"given": 300, "taken": -200, "log-only": 100, "less": 80}.items()):
        append(office, f"w{number}", **{**money(source, -given, "wallet.adjust"), "cinema_id": None})
    for source, given in (("given", 300), ("taken", -200), ("less", 50), ("ledger-only", -70)) * 2:
        room(office).note_adjustment(adjustment(source, given))

    assert differences(office) == [("not_logged", "ledger-only", 0, 70), ("other_amount", "less", -80, -50),
                                   ("not_moved", "log-only", -100, 0)]
    assert differences(office, "manager@kanal") == []


def test_the_money_is_summed_by_method_and_currency(office: Transactions) -> None:
    append(office, "o1", **money("a", -500))
    append(office, "o2", **money("b", -200))
    append(office, "w1", **money("w", 300, "wallet.adjust"))
    reply = room(office, "admin").reconcile(**LONG)
    assert reply["logged"] == [
        {"method": "order.cancel_screening", "currency": "EUR", "entries": 2, "amount": -700},
        {"method": "wallet.adjust", "currency": "EUR", "entries": 1, "amount": 300}]

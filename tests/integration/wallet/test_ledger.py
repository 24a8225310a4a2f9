"""The ledger in MariaDB: money moves once per source, and never more of it than there is."""

import json
from collections.abc import Iterator
from typing import Any

import nameko
import pytest
from alembic import command
from sqlalchemy import text

from operations.checks.wallet import books_add_up
from schemas.errors import FieldsInvalid, Forbidden, RoomUnavailable
from schemas.user import UnknownUser
from schemas.wallet import InsufficientFunds, SourceMismatch, UnknownTransfer
from services.foundation import migrate
from services.foundation.database import Transactions, utc_now
from services.foundation.events.consumers import Delivery
from testbed.mesh import Mesh
from tests.drivers.known_users import KnownUsers
from tests.integration.wallet.conftest import Open, has, transfer


@pytest.fixture
def rich(room: Any) -> Any:
    """The room, where Ada has 10 euros."""
    room.credit(**transfer("r1", 1000, "refund"))
    return room


@pytest.fixture(autouse=True)
def sound(database: Transactions) -> Iterator[None]:
    """After each test, the books add up."""
    yield
    assert database.read(books_add_up) == []


def test_money_is_credited_once_per_source(room: Any) -> None:
    first = room.credit(**transfer("r1", 700, "refund"))

    assert room.credit(**transfer("r1", 700, "refund")) == first
    room.credit(**transfer("r2", 300, "refund"))
    assert has(room) == (1000, 0, 1000)
    assert has(room, "bob") == (0, 0, 0)


def test_a_source_that_names_other_money_is_refused(rich: Any) -> None:
    with pytest.raises(SourceMismatch):
        rich.credit(**transfer("r1", 999, "refund"))
    rich.reserve(**transfer("p1", 400))
    for step in (rich.reserve, rich.capture, rich.release):
        with pytest.raises(SourceMismatch):
            step(**transfer("p1", 400, user_id="bob"))
    assert has(rich) == (1000, 400, 600)


def test_reserved_money_is_captured_once(rich: Any) -> None:
    assert [rich.reserve(**transfer("p1", 400))["status"] for _ in range(2)] == ["reserved"] * 2
    assert has(rich) == (1000, 400, 600)
    assert [rich.capture(**transfer("p1", 400))["status"] for _ in range(2)] == ["captured"] * 2
    assert rich.release(**transfer("p1", 400))["status"] == "captured"
    assert rich.reserve(**transfer("p1", 400))["status"] == "captured"
    assert has(rich) == (600, 0, 600)


def test_released_money_is_never_captured(rich: Any) -> None:
    rich.reserve(**transfer("p1", 400))
    assert [rich.release(**transfer("p1", 400))["status"] for _ in range(2)] == ["released"] * 2
    assert rich.capture(**transfer("p1", 400))["status"] == "released"
    assert has(rich) == (1000, 0, 1000)


def test_no_more_is_reserved_than_is_available(rich: Any) -> None:
    rich.reserve(**transfer("p1", 600))
    with pytest.raises(InsufficientFunds) as refusal:
        rich.reserve(**transfer("p2", 401))
    assert refusal.value.about == {"available": 400, "currency": "EUR"}
    with pytest.raises(InsufficientFunds):
        rich.reserve(**transfer("p3", 1, currency="JPY"))
    with pytest.raises(InsufficientFunds):
        rich.reserve(**transfer("p4", 1, user_id="bob"))
    for source_id in ("p2", "p3", "p4"):
        with pytest.raises(UnknownTransfer):
            rich.get_reservation(source_type="payment", source_id=source_id)
    assert has(rich) == (1000, 600, 400)


def test_what_was_never_asked_for_is_unknown(room: Any) -> None:
    for step in (room.capture, room.release):
        with pytest.raises(UnknownTransfer):
            step(**transfer("nobody"))
    with pytest.raises(UnknownTransfer):
        room.get_credit(source_type="refund", source_id="nobody")


@pytest.mark.parametrize("wrong", [{"amount": 0}, {"amount": -5}, {"source_type": "gift"}, {"source_id": "a b"},
                                   {"currency": "euro"}])
def test_a_malformed_transfer_is_refused(room: Any, wrong: dict[str, Any]) -> None:
    for step in (room.credit, room.reserve):
        with pytest.raises(FieldsInvalid):
            step(**transfer("p1") | wrong)


def test_a_member_pages_through_entries_of_their_own(rich: Any, open_room: Open) -> None:
    rich.credit(**transfer("c1", 50, "check_in"))
    rich.credit(**transfer("b1", 99, "check_in", user_id="bob"))
    rich.reserve(**transfer("p1", 400, order_id="o1"))
    rich.capture(**transfer("p1", 400, order_id="o1"))
    ada = open_room(user_id="ada")

    first = ada.get_entries(limit=2)
    rest = ada.get_entries(limit=2, cursor=first["next_cursor"])

    assert [(each["kind"], each["amount"], each["order_id"]) for each in [*first["entries"], *rest["entries"]]] == [
        ("payment", -400, "o1"), ("check_in", 50, None), ("refund", 1000, None)]
    assert rest["next_cursor"] is None


def test_reservations_and_credits_are_listed_page_by_page(room: Any) -> None:
    for number in range(5):
        room.credit(**transfer(f"r{number}", 100, "refund", payment_id="p"))
        room.reserve(**transfer(f"p{number}", 100))
    since: dict[str, Any] = {"since": "2026-01-01T00:00:00Z", "limit": 2}
    found: dict[str, list[str]] = {"credits": [], "reservations": []}
    for name, read, source_type in (("credits", room.get_credits, "refund"),
                                    ("reservations", room.get_reservations, "payment")):
        after = None
        while after or not found[name]:
            page = read(source_type=source_type, after=after, **since)
            found[name] += [each["source_id"] for each in page[name]]
            after = page["next_after"]

    assert found == {"credits": [f"r{n}" for n in range(5)], "reservations": [f"p{n}" for n in range(5)]}
    assert room.get_credits(source_type="refund", since="2090-01-01T00:00:00Z")["credits"] == []


# --- adjustments ---


def test_a_manager_of_the_house_adjusts_a_wallet_and_says_why(open_room: Open, database: Transactions) -> None:
    boss = open_room(user_id="boss", username="boss", roles=("manager",))

    given = boss.adjust(user_id="ada", amount=500, reason="The projector failed.")
    taken = boss.adjust(user_id="ada", amount=-200, currency="EUR", reason="Given twice.")

    assert (given["available"], taken["available"]) == (500, 300)
    events = [row.body.decode() for row in database.read(
        lambda tx: tx.execute(text("SELECT body FROM outbox WHERE type = 'wallet.operated' ORDER BY event_id")).all())]
    assert len(events) == 2
    assert "The projector failed." in events[0]
    assert f'"amount":-500,"currency":"EUR","source_id":"{given["adjustment_id"]}"' in events[0]
    moved = [json.loads(row.body) for row in database.read(
        lambda tx: tx.execute(text("SELECT body FROM outbox WHERE type = 'wallet.adjusted' ORDER BY event_id")).all())]
    assert [(each["adjustment_id"], each["amount"]) for each in moved] == [
        (given["adjustment_id"], 500), (taken["adjustment_id"], -200)]


def test_a_repeated_adjustment_is_made_once(open_room: Open) -> None:
    boss = open_room(user_id="boss", roles=("admin",), idempotency_key="k1")
    assert len({boss.adjust(user_id="ada", amount=500, reason="Sorry.")["adjustment_id"] for _ in range(3)}) == 1
    assert has(boss) == (500, 0, 500)


def test_an_adjustment_without_a_key_whose_message_comes_twice_is_made_once(open_room: Open) -> None:
    for call_id in ("gateway.call_room.1", "gateway.call_room.1", "gateway.call_room.2"):
        boss = open_room(user_id="boss", username="boss", roles=("manager",), call_id=call_id)
        boss.adjust(user_id="ada", amount=500, reason="Sorry.")
    assert has(boss) == (1000, 0, 1000)


def test_an_adjustment_takes_no_more_than_is_available(open_room: Open, rich: Any) -> None:
    boss = open_room(user_id="boss", roles=("manager",))
    rich.reserve(**transfer("p1", 400))
    for amount, user_id in ((-601, "ada"), (-1, "bob")):
        with pytest.raises(InsufficientFunds):
            boss.adjust(user_id=user_id, amount=amount, reason="Given twice.")
    with pytest.raises(FieldsInvalid):
        boss.adjust(user_id="ada", amount=0, reason="Nothing.")
    assert has(rich) == (1000, 400, 600)


@pytest.mark.parametrize("user_id", ["nobody-at-all", "ADA", "eve"])  # eve's account has ended
def test_only_the_wallet_of_an_account_in_use_is_adjusted(open_room: Open, database: Transactions,
                                                          user_id: str) -> None:
    with pytest.raises(UnknownUser):
        open_room(user_id="boss", roles=("manager",)).adjust(user_id=user_id, amount=500, reason="A gift.")
    assert moves(database) == []


def test_while_the_user_room_is_away_only_an_earlier_answer_is_given(open_room: Open, database: Transactions,
                                                                     users: KnownUsers) -> None:
    def adjust(key: str) -> str:
        boss = open_room(user_id="boss", username="boss", roles=("manager",), idempotency_key=key)
        return str(boss.adjust(user_id="ada", amount=500, reason="Sorry.")["adjustment_id"])

    first = adjust("k1")
    users.is_away = True

    assert adjust("k1") == first
    with pytest.raises(RoomUnavailable):
        adjust("k2")
    assert moves(database) == [first]


def moves(database: Transactions) -> list[str]:
    return list(database.read(lambda tx: tx.execute(text("SELECT source_id FROM transfer")).scalars().all()))


@pytest.mark.parametrize("roles", [("manager@kanal",), ("cashier",), ()])
def test_only_managers_of_the_house_adjust(open_room: Open, roles: tuple[str, ...]) -> None:
    with pytest.raises(Forbidden):
        open_room(user_id="boss", roles=roles).adjust(user_id="ada", amount=500, reason="A gift.")


# --- events of the loyalty room ---


def heard(event_id: str, **body: Any) -> Delivery:
    return Delivery("wallet", event_id, "about", 1, utc_now(), body, 0)


def test_a_reward_in_wallet_money_is_booked_once_whatever_is_delivered_twice(room: Any) -> None:
    reward = {"kind": "wallet", "amount": 100, "currency": "EUR"}
    for event_id in ("e1", "e1", "e2"):  # the same event again, and the same check-in under another event
        room.credit_reward(heard(event_id, check_in_id="c1", user_id="ada", reward=reward))
    room.credit_reward(heard("e3", check_in_id="c2", user_id="ada", reward={"kind": "points", "points": 5}))

    assert has(room) == (100, 0, 100)


def test_redeemed_points_are_booked_once(room: Any) -> None:
    for event_id in ("e1", "e2", "e1"):
        room.credit_redemption(heard(event_id, redemption_id="d1", user_id="ada", points=100, amount=250,
                                     currency="EUR"))
    assert has(room) == (250, 0, 250)
    assert room.get_entries(limit=5)["entries"][0]["kind"] == "redemption"


def test_the_migrations_make_the_tables_of_the_models(servers: Mesh, database: Transactions) -> None:
    with nameko.config.patch(servers.settings, clear=True):
        command.check(migrate.alembic_config("wallet"))

"""Of many who sign in with one guest's token, one adopts the guest; without the lock, several do. Whom links serve."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, text

from schemas.user import LinkOver, OtherGuest, token_id
from services.foundation.database import Transactions, utc_now
from services.user import store as account_store
from services.user.guests import guests, store
from services.user.models import Base
from services.user.records import NewAccount
from testbed.mesh import Mesh
from tests.drivers.room_tables import emptied, migrated

DAY, AT_ONCE = dt.timedelta(days=1), 6


@pytest.fixture(scope="module")
def engine(servers: Mesh) -> Iterator[Engine]:
    with migrated(servers, "user") as engine:
        yield engine


@pytest.fixture
def database(engine: Engine) -> Transactions:
    return emptied(engine, Base.metadata)


@pytest.fixture
def token(database: Transactions) -> str:
    return str(database.run(lambda tx: guests.start(tx, utc_now(), DAY))["token"])


def adoptions(database: Transactions, token: str) -> list[str]:
    """Who has adopted the guest, when several sign in at once."""
    def sign_in(name: str) -> str | None:
        def work(tx: Any) -> list[str]:
            eventlet.sleep(0.05)
            return guests.adopt(tx, token, name, utc_now())

        return name if database.run(work) else None

    crowd = [eventlet.spawn(sign_in, f"ada{number}") for number in range(AT_ONCE)]
    return [name for thread in crowd if (name := thread.wait())]


def test_one_account_adopts_a_guest(database: Transactions, token: str) -> None:
    [name] = adoptions(database, token)
    rows = database.read(lambda tx: tx.execute(text("SELECT adopted_by, events FROM guest")).all())
    assert rows == [(name, 1)]
    assert adoptions(database, token) == []


def test_without_the_lock_several_would(database: Transactions, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_slowly(tx: Any, guest_id: str) -> Any:
        found = store.guest_by_id(tx, guest_id)
        eventlet.sleep(0.2)
        return found

    monkeypatch.setattr(store, "lock_guest", read_slowly)
    told: list[Any] = []
    monkeypatch.setattr(guests, "_write_event", lambda *fields: told.append(fields))    # whose number is unique
    adoptions(database, token)
    assert len(told) > 1


def guest_of(database: Transactions, token: str) -> str | None:
    holder = database.read(lambda tx: store.token_holder(tx, token_id(token)))
    return holder and holder.user_id


def link_to(database: Transactions, token: str, email: str) -> str:
    """A link mailed to the guest of the token, who gives this address first."""
    guest_id = str(guest_of(database, token))
    database.run(lambda tx: guests.keep_address(tx, guest_id, email, utc_now() + 2 * DAY, token_id(token)))
    return str(database.run(lambda tx: guests.issue_link(tx, guest_id, "o1"))["token"])


@pytest.mark.parametrize(("own", "kept"), [(None, "zh"), ("en", "en")])
def test_an_account_has_the_language_of_the_guest_it_adopts_unless_it_has_its_own(
    database: Transactions, own: str | None, kept: str,
) -> None:
    token = str(database.run(lambda tx: guests.start(tx, utc_now(), DAY, "zh"))["token"])
    guest_id = str(guest_of(database, token))

    def language_of(user_id: str) -> Any:
        return database.read(lambda tx: guests.contact(tx, user_id))["language"]

    link_to(database, token, "ada@cinema.example")
    link = database.run(lambda tx: guests.issue_link(tx, guest_id, "o1"))
    account = NewAccount("ada", "ada", "!", None, None, [], utc_now(), own)
    assert [link["language"], language_of(guest_id)] == ["zh", "zh"]
    for given, found in ((kept, kept), ("zh", "zh"), (None, "zh")):    # with each payment; the last one counts
        database.run(lambda tx, given=given: guests.keep_address(
            tx, guest_id, "ada@cinema.example", utc_now() + DAY, language=given))
        assert language_of(guest_id) == found
    database.run(lambda tx: account_store.add_account(tx, account))
    database.run(lambda tx: guests.adopt(tx, token, "ada", utc_now()))
    assert [language_of("ada"), language_of(guest_id)] == [kept, kept]


def test_a_link_opens_nothing_unasked_for_any_other_guest_than_its_own_and_stays_unused(
    database: Transactions, token: str,
) -> None:
    link = link_to(database, token, "ada@cinema.example")
    other = database.run(lambda tx: guests.start(tx, utc_now(), DAY))["token"]
    ended = database.run(lambda tx: guests.start(tx, utc_now(), -DAY))["token"]

    def open_by(opener: guests.Opener) -> Any:
        return database.run(lambda tx: guests.open_link(tx, link, utc_now(), DAY, opener))

    for stranger in (other, ended, "no token", None):
        with pytest.raises(OtherGuest):
            open_by(guests.Opener(stranger, same_guest=True))
    opened = open_by(guests.Opener(token, same_guest=True))
    assert (opened["order_id"], opened["email"]) == ("o1", "ada@cinema.example")
    assert guest_of(database, opened["token"]) == guest_of(database, token)
    with pytest.raises(OtherGuest):     # so that a page asks first, and then says that the link is over
        open_by(guests.Opener(other, same_guest=True))


def test_whoever_was_asked_opens_the_link_of_another_guest(database: Transactions, token: str) -> None:
    link = link_to(database, token, "ada@cinema.example")
    other = database.run(lambda tx: guests.start(tx, utc_now(), DAY))["token"]
    opened = database.run(lambda tx: guests.open_link(tx, link, utc_now(), DAY, guests.Opener(other)))
    assert guest_of(database, opened["token"]) == guest_of(database, token)


def test_links_and_tokens_that_a_replaced_address_has_got_are_over(database: Transactions, token: str) -> None:
    mistyped, unused = (link_to(database, token, "adda@cinema.example") for _ in range(2))
    stranger = database.run(lambda tx: guests.open_link(tx, mistyped, utc_now(), DAY))["token"]
    assert guest_of(database, stranger)

    right = link_to(database, token, "ada@cinema.example")

    assert (guest_of(database, stranger), bool(guest_of(database, token))) == (None, True)
    for work in (lambda tx: guests.open_link(tx, unused, utc_now(), DAY),
                 lambda tx: guests.request_link(tx, unused, utc_now())):
        with pytest.raises(LinkOver) as refusal:
            database.run(work)
        assert refusal.value.about == {}
    rows = database.read(lambda tx: tx.execute(text("SELECT email, email_confirmed_at FROM guest")).all())
    assert rows == [("ada@cinema.example", None)]
    assert database.run(lambda tx: guests.open_link(tx, right, utc_now(), DAY))["email"] == "ada@cinema.example"


@pytest.mark.parametrize("guarded", [True, False])
def test_a_link_opened_while_the_address_is_replaced_gives_nothing_that_lasts_and_without_the_lock_it_does(
    database: Transactions, token: str, guarded: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:
    guest_id, link = str(guest_of(database, token)), link_to(database, token, "adda@cinema.example")
    find, pauses = store.lock_guest if guarded else store.guest_by_id, [0.3]

    def find_slowly(tx: Any, guest_id: str) -> Any:     # whoever comes first
        found = find(tx, guest_id)
        eventlet.sleep(pauses.pop() if pauses else 0)
        return found

    monkeypatch.setattr(store, "lock_guest", find_slowly)
    opening = eventlet.spawn(database.run, lambda tx: guests.open_link(tx, link, utc_now(), DAY))
    eventlet.sleep(0.1)
    database.run(lambda tx: guests.keep_address(tx, guest_id, "ada@cinema.example", utc_now() + DAY, token_id(token)))
    stranger = opening.wait()["token"]
    assert bool(guest_of(database, stranger)) is not guarded


def test_a_link_opens_once_however_many_open_it_together(database: Transactions, token: str) -> None:
    link = link_to(database, token, "ada@cinema.example")

    def open_link() -> str:
        try:
            return str(database.run(lambda tx: guests.open_link(tx, link, utc_now(), DAY))["order_id"])
        except LinkOver as refusal:
            return refusal.code

    crowd = [eventlet.spawn(open_link) for _ in range(AT_ONCE)]
    assert sorted(thread.wait() for thread in crowd) == ["link_over"] * (AT_ONCE - 1) + ["o1"]


def test_guests_are_forgotten_when_their_tokens_and_links_are_over(database: Transactions, token: str) -> None:
    later = utc_now() + 2 * DAY
    for forget in (store.delete_expired_tokens, store.delete_expired_links, store.delete_forgotten):
        assert database.run(lambda tx, forget=forget: forget(tx, utc_now())) == 0  # type: ignore[misc]
    assert [database.run(lambda tx, forget=forget: forget(tx, later)) for forget in (  # type: ignore[misc]
        store.delete_expired_tokens, store.delete_expired_links, store.delete_forgotten)] == [1, 0, 1]

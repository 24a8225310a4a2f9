"""Of many who sign in with one guest's token, one adopts the guest; without the lock, several do."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, text

from schemas.user import LinkOver, token_id
from services.foundation.database import Transactions, utc_now
from services.user.guests import guests, store
from services.user.models import Base
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


def test_a_link_opens_once_however_many_open_it_together(database: Transactions, token: str) -> None:
    holder = database.read(lambda tx: store.token_holder(tx, token_id(token)))
    assert holder is not None
    database.run(lambda tx: guests.keep_address(tx, holder.user_id, "ada@cinema.example", utc_now() + 2 * DAY))
    link = database.run(lambda tx: guests.issue_link(tx, holder.user_id, "o1"))["token"]

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

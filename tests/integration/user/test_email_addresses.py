"""The address of an account and its links, in the user room alone, without a mesh."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection

from schemas.errors import Busy
from schemas.user import ConfirmationOver, UsernameTaken
from services.foundation.database import CommitUnknown, Transactions
from services.foundation.rpc.calls import Principal
from services.user import store
from tests.integration.user.conftest import PASSWORD, make_room

OWN, VICTIM = "ada@cinema.example", "victim@cinema.example"


@pytest.fixture
def room(engine: Engine, name: str) -> Any:
    """Called by Ada, whose address is not confirmed yet. Every link may be mailed."""
    room = make_room(Transactions(engine), principal=Principal())
    opened = room.register(username=name, password=PASSWORD, email=OWN)
    room.principal = Principal(user_id=opened["user_id"], idempotency_key=secrets.token_hex(8))
    return room


def sql(room: Any, statement: str, **values: Any) -> list[Any]:
    with room.database.engine.begin() as tx:
        found = tx.execute(text(statement), {"u": room.principal.user_id, **values})
        return list(found) if found.returns_rows else []


def mailed_to(room: Any) -> set[str | None]:
    """Where the links go that were requested so far."""
    asked = sql(room, "SELECT sequence FROM outbox WHERE about = :u AND type = 'user.email_given'")
    links = [room.issue_confirmation(user_id=room.principal.user_id, number=number) for number, in asked]
    return {link["email"] for link in links} - {None}


def move(room: Any, email: str, is_allowed: bool) -> None:
    room.confirmation_throttle.allow.return_value = is_allowed
    room.principal = Principal(user_id=room.principal.user_id)
    room.update_profile(email=email)


def test_an_address_that_has_had_its_links_gets_none_requested_for_another(room: Any) -> None:
    assert mailed_to(room) == {OWN}
    move(room, VICTIM, is_allowed=False)
    assert mailed_to(room) == set()
    move(room, OWN, is_allowed=False)
    assert mailed_to(room) == set()
    move(room, "new." + OWN, is_allowed=True)
    assert mailed_to(room) == {"new." + OWN}


def test_a_link_is_mailed_again_only_to_the_address_that_was_counted(room: Any) -> None:
    counted: list[str] = []

    def count(whose: str) -> None:
        counted.append(whose)
        if whose == OWN:
            move(room, VICTIM, is_allowed=False)

    room.confirmation_throttle.count.side_effect = count
    with pytest.raises(Busy):
        room.send_confirmation()
    assert mailed_to(room) == set()

    room.confirmation_throttle.count.side_effect = counted.append
    room.send_confirmation()
    assert counted[-1] == VICTIM
    assert mailed_to(room) == {VICTIM}


def test_a_failed_registration_costs_an_address_none_of_its_links(room: Any) -> None:
    taken = room.get_profile()["username"]
    room.confirmation_throttle.allow.reset_mock()
    with pytest.raises(UsernameTaken):
        room.register(username=taken.upper(), password=PASSWORD, email=VICTIM)
    room.confirmation_throttle.allow.assert_not_called()


@pytest.mark.parametrize("kept", ["ada@Example.ORG", "ada@xn--bcher-kva.example", "no address"])
def test_an_address_saved_unchanged_stays_confirmed_however_it_was_spelled(room: Any, kept: str) -> None:
    sql(room, "UPDATE user SET email = :e, email_confirmed_at = UTC_TIMESTAMP(3) WHERE user_id = :u", e=kept)
    room.confirmation_throttle.allow.reset_mock()
    if "@" in kept:
        move(room, kept, is_allowed=True)
        assert room.get_profile()["email_confirmed_at"]
        assert room.get_profile()["email"] in ("ada@example.org", "ada@bücher.example")
        room.confirmation_throttle.allow.assert_not_called()
    move(room, OWN, is_allowed=True)
    assert room.get_profile()["email_confirmed_at"] is None


class LosesFirstCommitAnswer(Transactions):
    """The first COMMIT succeeds, but the answer to it is lost."""

    has_lost = False

    def run(self, work: Callable[[Connection], Any]) -> Any:
        done = super().run(work)
        if not self.has_lost:
            self.has_lost = True
            raise CommitUnknown()
        return done


def confirmations(room: Any) -> int:
    return len(sql(room, "SELECT 1 FROM outbox WHERE about = :u AND type = 'user.email_confirmed'"))


def test_a_repeated_confirmation_is_answered_alike_and_changes_nothing(room: Any) -> None:
    first, second = (room.issue_confirmation(user_id=room.principal.user_id, number=1)["token"] for _ in range(2))
    intact, room.database = room.database, LosesFirstCommitAnswer(room.database.engine)
    assert room.confirm_email(token=first) == {}
    room.database = intact
    since = room.get_profile()["email_confirmed_at"]
    assert room.confirm_email(token=first) == {}
    assert (room.get_profile()["email_confirmed_at"], confirmations(room)) == (since, 1)
    with pytest.raises(ConfirmationOver):
        room.confirm_email(token=second)


def test_a_used_link_confirms_nothing_after_the_address_has_moved(room: Any) -> None:
    token = room.issue_confirmation(user_id=room.principal.user_id, number=1)["token"]
    room.confirm_email(token=token)
    for email in (VICTIM, OWN):
        move(room, email, is_allowed=False)
        with pytest.raises(ConfirmationOver):
            room.confirm_email(token=token)
    assert room.get_profile()["email_confirmed_at"] is None


def test_a_link_withdrawn_while_it_is_opened_confirms_nothing(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    token, lock = room.issue_confirmation(user_id=room.principal.user_id, number=1)["token"], store.lock_account

    def late(tx: Connection, user_id: str) -> Any:
        monkeypatch.undo()
        for email in (VICTIM, OWN):
            move(room, email, is_allowed=False)
        return lock(tx, user_id)

    monkeypatch.setattr(store, "lock_account", late)
    with pytest.raises(ConfirmationOver):
        room.confirm_email(token=token)
    assert room.get_profile()["email_confirmed_at"] is None

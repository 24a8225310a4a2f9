"""People who have no account yet have nothing in common but the keys that they may happen to choose."""

from typing import Any

import eventlet
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import Engine, text

from schemas.errors import TooOften
from schemas.user import UsernameTaken
from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from services.user.service import User

PASSWORD = "correct horse"


@pytest.fixture
def room(engine: Engine) -> Any:
    return worker_factory(User, principal=Principal(idempotency_key="1"), database=Transactions(engine))


def test_another_password_under_a_used_key_is_not_answered_as_if_it_were_theirs(room: Any) -> None:
    ada = room.register(username="ada", password=PASSWORD)
    with pytest.raises(UsernameTaken):  # what they would hear without a key
        room.register(username="ada", password="battery staple")
    assert room.register(username="ada", password=PASSWORD) == ada


def test_who_tries_passwords_with_a_used_key_is_counted_as_at_the_door(room: Any) -> None:
    name = room.register(username="flo", password=PASSWORD)["username"]
    room.attempts.count.assert_not_called()
    with pytest.raises(UsernameTaken):
        room.register(username="flo", password="battery staple")
    room.attempts.count.assert_called_once_with(name)
    room.attempts.forget.assert_not_called()
    room.register(username="flo", password=PASSWORD)
    room.attempts.forget.assert_called_once_with(name)

    room.attempts.count.side_effect = TooOften(retry_after=60)
    with pytest.raises(TooOften):
        room.register(username="flo", password=PASSWORD)


def test_a_key_that_somebody_else_has_used_is_as_good_as_new(room: Any) -> None:
    first, other = (room.register(username=name, password=PASSWORD) for name in ("ben", "carla"))
    assert first["user_id"] != other["user_id"]
    assert room.register(username="ben", password=PASSWORD) == first


def test_of_twins_with_different_passwords_one_gets_the_account(room: Any) -> None:
    def outcome(password: str) -> str:
        try:
            return str(room.register(username="dora", password=password)["username"])
        except UsernameTaken:
            return "taken"

    # Each has looked for the key and hashes its password when the other begins.
    twins = [eventlet.spawn(outcome, password) for password in (PASSWORD, "battery staple")]
    assert sorted(twin.wait() for twin in twins) == ["dora", "taken"]


def test_who_reads_the_table_of_keys_can_not_guess_passwords_by_it(room: Any, engine: Engine) -> None:
    """Two accounts that differ in their passwords alone would differ there if these were part of it."""
    def kept() -> Any:
        with engine.begin() as tx:
            row = tx.execute(text("SELECT principal, request_digest FROM idempotency_key "
                                  "WHERE reply LIKE '%\"eva\"%'")).one()
            tx.execute(text("DELETE FROM idempotency_key WHERE reply LIKE '%\"eva\"%'"))
            tx.execute(text("DELETE FROM user WHERE username = 'eva'"))
        return tuple(row)

    rows = []
    for password in (PASSWORD, "battery staple"):
        room.register(username="eva", password=password)
        rows.append(kept())
    assert rows[0] == rows[1]

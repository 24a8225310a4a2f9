"""Guests without an account may choose the same idempotency key by chance."""

from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, text

from schemas.errors import TooOften
from schemas.user import UsernameTaken
from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from services.user.attempts.source import ANYWHERE
from tests.integration.user.conftest import PASSWORD, make_room


@pytest.fixture
def room(engine: Engine) -> Any:
    return make_room(Transactions(engine), principal=Principal(idempotency_key="1"))


def test_a_used_key_with_another_password_gets_no_answer_of_the_owner_s(room: Any) -> None:
    ada = room.register(username="ada", password=PASSWORD)
    with pytest.raises(UsernameTaken):  # as without a key
        room.register(username="ada", password="battery staple")
    assert room.register(username="ada", password=PASSWORD) == ada


def test_passwords_tried_with_a_used_key_count_as_attempts_to_sign_in(room: Any) -> None:
    name = room.register(username="flo", password=PASSWORD)["username"]
    room.login_throttle.count.assert_not_called()
    with pytest.raises(UsernameTaken):
        room.register(username="flo", password="battery staple")
    room.login_throttle.count.assert_called_once_with(name, ANYWHERE)
    room.login_throttle.reset.assert_not_called()
    room.register(username="flo", password=PASSWORD)
    room.login_throttle.reset.assert_called_once_with(name, ANYWHERE)

    room.login_throttle.count.side_effect = TooOften(retry_after=60)
    with pytest.raises(TooOften):
        room.register(username="flo", password=PASSWORD)


def test_a_key_that_another_guest_has_used_counts_as_new(room: Any) -> None:
    first, other = (room.register(username=name, password=PASSWORD) for name in ("ben", "carla"))
    assert first["user_id"] != other["user_id"]
    assert room.register(username="ben", password=PASSWORD) == first


def test_one_of_two_guests_with_different_passwords_gets_the_account(room: Any) -> None:
    def outcome(password: str) -> str:
        try:
            return str(room.register(username="dora", password=password)["username"])
        except UsernameTaken:
            return "taken"

    # Each has looked for the key and hashes its password when the other begins.
    guests = [eventlet.spawn(outcome, password) for password in (PASSWORD, "battery staple")]
    assert sorted(guest.wait() for guest in guests) == ["dora", "taken"]


def test_the_table_of_keys_helps_nobody_guess_a_password(room: Any, engine: Engine) -> None:
    """Two accounts that differ only in their passwords have the same row there."""
    def kept() -> Any:
        with engine.begin() as tx:
            row = tx.execute(text("SELECT principal, request_digest FROM idempotency_key "
                                  "WHERE reply LIKE '%\"eva\"%'")).one()
            tx.execute(text("DELETE FROM idempotency_key WHERE reply LIKE '%\"eva\"%'"))
            for table in ("search_gram", "search_text", "user"):
                tx.execute(text(f"DELETE FROM {table} WHERE user_id IN "
                                "(SELECT user_id FROM (SELECT user_id FROM user WHERE username = 'eva') AS eva)"))
        return tuple(row)

    rows = []
    for password in (PASSWORD, "battery staple"):
        room.register(username="eva", password=password)
        rows.append(kept())
    assert rows[0] == rows[1]

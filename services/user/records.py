"""What the store takes and returns where a row alone would not say enough."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class NewAccount:
    """An account that is about to be opened."""

    user_id: str
    username: str
    password_hash: str
    display_name: str | None
    email: str | None
    roles: list[str]
    created_at: dt.datetime
    language: str | None = None


@dataclass(frozen=True)
class TokenHolder:
    """Whose token it is, what they may do, and until when the token is good.

    `second_factor`: whether the account has one; then the token was given for a code of it.
    """

    user_id: str
    username: str
    roles: list[str]
    expires_at: dt.datetime
    second_factor: bool = False

"""The fields of accounts: usernames, display names, passwords and tokens."""

import hashlib
from typing import Any

from marshmallow import ValidationError, fields

from schemas.fields import Secret, Text
from schemas.names import NotAUsername, is_plain, parse_username

SHORTEST_PASSWORD = 8  # characters, once it is normalized
OF_MAILS = {"description": "of our mails; null: the house's"}    # a ReaderLanguage


def token_id(token: str) -> str:
    """The SHA-256 of a token in hex, which stands for it everywhere but with its holder."""
    return hashlib.sha256(token.encode()).hexdigest()


def DisplayName(**options: Any) -> fields.String:  # noqa: N802
    """A field for a person's display name: up to 80 characters of plain text without links."""
    field = Text(80, **options)
    field.validators.append(_plain)
    return field


def _plain(name: str) -> None:
    if not is_plain(name):
        raise ValidationError("A name has no links, line ends or invisible characters.")


def TokenOfGuest() -> fields.String:  # noqa: N802
    """A field for the token of a guest who becomes a member, or signs in."""
    return Secret(200, metadata={"description": "from user.start_guest, or the bearer token of this call: the guest's "
                                                "orders become the account's; any other token changes nothing"})


class Username(fields.String):
    """A field for the username of a new account, which it loads as schemas.names.parse_username spells it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return parse_username(super()._deserialize(value, attr, data, **kwargs) or "")
        except NotAUsername as problem:
            raise ValidationError(str(problem)) from None

"""The e-mail address of an account. One that no message can reach is refused when it is given."""

from contextlib import suppress
from typing import Any

from schemas import addresses
from schemas.errors import FieldsInvalid


def normalize(request: dict[str, Any], smtputf8: bool) -> dict[str, Any]:
    """The request with its `email`, if any, in the one spelling that the room keeps.

    `smtputf8`: whether the mail server takes names beyond ASCII. Raises FieldsInvalid.
    """
    if not request.get("email"):
        return request
    try:
        mailbox = addresses.parse(request["email"])
    except addresses.NotAnAddress:
        raise FieldsInvalid(fields={"email": ["Not a valid email address."]}) from None
    if mailbox.needs_smtputf8 and not smtputf8:
        raise FieldsInvalid(fields={"email": ["We can write only to addresses with ASCII characters before the @."]})
    return {**request, "email": mailbox.shown}


def is_another_mailbox(kept: str | None, given: str | None) -> bool:
    """Whether the normalized address `given` differs from `kept`, which may have a spelling from an older version."""
    if kept is not None:
        with suppress(addresses.NotAnAddress):
            kept = addresses.parse(kept).shown
    return given != kept


def mailbox_key(email: str) -> str:
    """The same text for all addresses of one mailbox: without a tag, as in ada+cinema@example.org.

    Text that is no address comes back as it is.
    """
    name, at, domain = email.rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{domain}" if at else email

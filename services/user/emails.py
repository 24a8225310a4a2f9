"""The e-mail address that somebody gives: refused at once when nobody could be written to there."""

from contextlib import suppress
from typing import Any

from schemas import addresses
from schemas.errors import FieldsInvalid


def normalized(request: dict[str, Any], smtputf8: bool) -> dict[str, Any]:
    """The request with its `email`, if any, in the one spelling that is kept.

    `smtputf8`: whether the mail server takes names beyond ASCII. Raises FieldsInvalid.
    """
    if not request.get("email"):
        return request
    try:
        mailbox = addresses.parse(request["email"])
    except addresses.NotAnAddress:
        raise FieldsInvalid(fields={"email": ["Not a valid email address."]}) from None
    if mailbox.needs_smtputf8 and not smtputf8:
        raise FieldsInvalid(fields={"email": ["We can only write to addresses with a-z, 0-9 and signs before the @."]})
    return {**request, "email": mailbox.shown}


def moves(kept: str | None, given: str | None) -> bool:
    """Whether `given`, which is normalized, is another mailbox than `kept`, which may be spelled as of old."""
    if kept is not None:
        with suppress(addresses.NotAnAddress):
            kept = addresses.parse(kept).shown
    return given != kept

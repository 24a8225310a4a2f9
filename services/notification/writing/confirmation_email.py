"""The message that asks whether an address is somebody's own. Nothing in it was chosen by whoever gave the address."""

from email.message import EmailMessage
from typing import Any

from services.notification.writing.email_template import Letterhead, compose, recipient


def write(message: Any, given: dict[str, Any], head: Letterhead) -> EmailMessage:
    """The e-mail for a row of `message` with a schemas.user.Confirmation. Raises Undeliverable.

    The token stands behind the # of its link: no browser sends it, so no log holds it.
    """
    words = head.words
    parts = {
        "greeting": words.say("greeting.unnamed"), "text": words.say("confirm_email.text"),
        "link": f"{head.public_url}/confirm#{given['token']}", "link_text": words.say("confirm_email.link"),
        "foot": words.say("confirm_email.foot"),
    }
    return compose(message, recipient(given["email"]), head, words.say("confirm_email.subject"), parts, [])

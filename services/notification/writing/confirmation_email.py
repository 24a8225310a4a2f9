"""The e-mail that asks the owner of an address to confirm it. No text in it comes from the user who gave it."""

from email.message import EmailMessage
from typing import Any

from services.notification.records import DueMessage
from services.notification.writing.email_template import Content, EmailContext, compose, recipient


def write(message: DueMessage, link: dict[str, Any], context: EmailContext) -> EmailMessage:
    """The e-mail with a link, a schemas.user.methods.Confirmation. Raises Undeliverable for an invalid address.

    The token stands behind the # of its URL: no browser sends that part, so no log holds it.
    """
    translations = context.translations
    content = Content(
        subject=translations.text("confirm_email.subject"), greeting=translations.text("greeting.unnamed"),
        text=translations.text("confirm_email.text"), rows=[],
        link=f"{context.public_url}/confirm#{link['token']}", link_text=translations.text("confirm_email.link"),
        foot=translations.text("confirm_email.foot"))
    return compose(message, recipient(link["email"]), content, context)

"""The e-mail with another link to a guest's order. No text in it comes from whoever gave the address."""

from email.message import EmailMessage
from typing import Any

from services.notification.records import DueMessage
from services.notification.writing.email_template import Content, EmailContext, compose, recipient


def write(message: DueMessage, link: dict[str, Any], context: EmailContext) -> EmailMessage:
    """The e-mail with a link, a schemas.user.guests.OrderLink. Raises Undeliverable for an invalid address."""
    translations = context.translations
    content = Content(
        subject=translations.text("order_link.subject"), greeting=translations.text("greeting.unnamed"),
        text=translations.text("order_link.text"), rows=[(translations.text("label.order"), str(message.order_id))],
        link=context.order_url(message, link["token"]), link_text=translations.text("link"),
        foot=translations.text("guest.foot"))
    return compose(message, recipient(link["email"]), content, context)

"""The e-mail that tells the holder of an account of a change, in case it was somebody else. It has no token."""

from email.message import EmailMessage

from services.notification.records import DueMessage
from services.notification.writing.email_template import Content, EmailContext, compose, recipient


def write(message: DueMessage, email: str, context: EmailContext) -> EmailMessage:
    """The e-mail to this address. Raises Undeliverable for an invalid one."""
    translations, kind = context.translations, message.kind
    content = Content(
        subject=translations.text(f"{kind}.subject"), greeting=translations.text("greeting.unnamed"),
        text=translations.text(f"{kind}.text"), rows=[], link=f"{context.public_url}/forgotten",
        link_text=translations.text("change.link"), foot=translations.text("change.foot"))
    return compose(message, recipient(email), content, context)

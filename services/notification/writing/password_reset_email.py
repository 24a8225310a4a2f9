"""The e-mail with the link that sets a new password. It names the account, in case its owner forgot it."""

from email.message import EmailMessage
from typing import Any

from services.notification.records import DueMessage
from services.notification.writing.email_template import Content, EmailContext, compose, recipient


def write(message: DueMessage, link: dict[str, Any], context: EmailContext) -> EmailMessage:
    """The e-mail with a link, a schemas.user.self_service.PasswordReset. Raises Undeliverable for an invalid address.

    The token stands behind the # of its URL: no browser sends that part, so no log holds it.
    """
    translations = context.translations
    content = Content(
        subject=translations.text("new_password.subject"), greeting=translations.text("greeting.unnamed"),
        text=translations.text("new_password.text"), rows=[(translations.text("label.username"), link["username"])],
        link=f"{context.public_url}/reset#{link['token']}", link_text=translations.text("new_password.link"),
        foot=translations.text("new_password.foot"))
    return compose(message, recipient(link["email"]), content, context)

"""The channel that sends messages by SMTP, each on a connection of its own."""

import datetime as dt
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from email.message import EmailMessage

from opentelemetry.trace import SpanKind

from services.foundation.tracing import spans
from services.notification.delivery.errors import ChannelDown, Undeliverable
from services.notification.settings import SmtpServer

ENHANCED_STATUS = re.compile(rb"\A\d\.\d{1,3}\.\d{1,3}\b")  # RFC 3463, such as 5.1.1
UTF8_OPTIONS = ("SMTPUTF8", "BODY=8BITMIME")


class SmtpChannel:
    """Sends messages to one mail server."""

    needs_address = True

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    def send(self, message: EmailMessage) -> None:
        """Send the message. Raises Undeliverable if the server refuses it for good, and ChannelDown otherwise."""
        sender, [recipient] = message["From"].addresses[0].addr_spec, message["To"].addresses
        utf8 = not recipient.addr_spec.isascii()
        # Seven bits, because not every server on the way takes eight; with SMTPUTF8 all of them do.
        content = message.as_bytes(policy=message.policy.clone(cte_type="8bit" if utf8 else "7bit", linesep="\r\n"))
        try:
            with self._span(), self._connection() as connection:
                if utf8:
                    require_utf8(connection)
                connection.sendmail(sender, [recipient.addr_spec], content, UTF8_OPTIONS if utf8 else ())
        except smtplib.SMTPRecipientsRefused as problem:
            [(code, text)] = problem.recipients.values()
            raise (Undeliverable if code >= 500 else ChannelDown)(describe_answer(code, text)) from None
        except smtplib.SMTPDataError as problem:
            raise (Undeliverable if problem.smtp_code >= 500 else ChannelDown)(
                describe_answer(problem.smtp_code, problem.smtp_error)) from None
        except smtplib.SMTPResponseException as problem:
            raise ChannelDown(describe_answer(problem.smtp_code, problem.smtp_error)) from None
        except (OSError, smtplib.SMTPException) as problem:  # an SMTPException may quote the message
            raise ChannelDown(type(problem).__name__) from None

    def delete_old(self, before: dt.datetime) -> int:
        """Keep nothing, so there is nothing to delete."""
        return 0

    def _span(self) -> AbstractContextManager[object]:
        return spans.span("smtp", SpanKind.CLIENT, {
            "marquee.peer": "smtp", "server.address": self._server.host, "server.port": self._server.port})

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        context = ssl.create_default_context(cafile=server.ca_file or None)
        if server.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout,
                                                        context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
        try:
            if server.security == "starttls":
                connection.starttls(context=context)
            if server.user:
                connection.login(server.user, server.password)
            yield connection
            with suppress(OSError, smtplib.SMTPException):  # the message is accepted, whatever comes now
                connection.quit()
        finally:
            connection.close()


def require_utf8(connection: smtplib.SMTP) -> None:
    """Raises Undeliverable if the server does not support addresses beyond ASCII."""
    connection.ehlo_or_helo_if_needed()
    if not (connection.has_extn("smtputf8") and connection.has_extn("8bitmime")):
        raise Undeliverable("the mail server has no SMTPUTF8")


def describe_answer(code: int, text: bytes | str) -> str:
    """A server's answer without its text, which may name the recipient."""
    status = ENHANCED_STATUS.match(text if isinstance(text, bytes) else text.encode())
    return f"the mail server answered {code}" + (f" {status.group().decode()}" if status else "")

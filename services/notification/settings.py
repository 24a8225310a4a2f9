"""The notification room's section of config.yml."""

import datetime as dt
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Any

from marshmallow import EXCLUDE, ValidationError, fields, post_load, validate

from schemas import addresses
from schemas.base import Schema
from schemas.fields import Whole
from services.foundation.settings import read_section

POSITIVE = validate.Range(min=0, min_inclusive=False)
SECURITY = ("starttls", "tls", "none")


@dataclass(frozen=True)
class SmtpServer:
    """`security`: `starttls`, `tls` (from the first byte) or `none`. `timeout`: seconds for each step."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""  # certificates to trust; empty: those of the system
    timeout: float = 10


@dataclass(frozen=True)
class NotificationSettings:
    """`channel`: `smtp`, `folder`, or empty for the default. `pauses`: seconds before each further try."""

    channel: str
    sender: Address
    smtp: SmtpServer | None
    pauses: tuple[float, ...]
    tries: int
    unconfirmed_lifetime: dt.timedelta
    mails_per_hour: int
    kept: dt.timedelta


class SenderField(fields.Field[Address]):
    """A name and an address, such as Marquee <tickets@cinema.example>."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Address:
        name, mailbox = parseaddr(str(value))
        try:
            parsed = addresses.parse(mailbox)
            return Address(name, parsed.name, parsed.written_domain)
        except ValueError:
            raise ValidationError(
                "MARQUEE_MAIL_FROM is not an address such as Marquee <tickets@cinema.example>.") from None


class SmtpSection(Schema):
    """Loads an SmtpServer; None without a host."""

    host = fields.String(load_default=None, allow_none=True)
    port = Whole(load_default=587, allow_none=True, validate=validate.Range(1, 65535))
    security = fields.String(required=True, validate=validate.OneOf(
        SECURITY, error=f"MARQUEE_SMTP_SECURITY is one of {', '.join(SECURITY)}, not {{input!r}}."))
    user = fields.String(load_default="", allow_none=True)
    password = fields.String(load_default="", allow_none=True)
    ca_file = fields.String(load_default="", allow_none=True)
    timeout = fields.Float(load_default=10, validate=POSITIVE)

    @post_load
    def _server(self, section: dict[str, Any], **_: Any) -> SmtpServer | None:
        if not section["host"]:
            return None
        return SmtpServer(**{name: value for name, value in section.items() if value is not None})


class NotificationSection(Schema):
    """What config.yml may say under `notification`; loads NotificationSettings."""

    class Meta:
        unknown = EXCLUDE

    post = fields.String(load_default="", allow_none=True, validate=validate.OneOf(
        ("", "folder", "smtp"), error="MARQUEE_POST is `folder` or `smtp`, not {input!r}."))
    sender = SenderField(required=True)
    smtp = fields.Nested(SmtpSection, required=True)
    send_seconds = fields.Float(required=True, validate=POSITIVE)
    pauses = fields.List(fields.Float(validate=POSITIVE), required=True, validate=validate.Length(min=1))
    tries = Whole(required=True, validate=validate.Range(min=1))
    unconfirmed_hours = fields.Float(required=True, validate=validate.Range(min=0))
    mails_an_hour = Whole(required=True, validate=validate.Range(min=1))
    kept_days = fields.Float(required=True, validate=validate.Range(min=0))

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> NotificationSettings:
        return NotificationSettings(
            channel=section["post"] or "", sender=section["sender"], smtp=section["smtp"],
            pauses=tuple(section["pauses"]), tries=section["tries"],
            unconfirmed_lifetime=dt.timedelta(hours=section["unconfirmed_hours"]),
            mails_per_hour=section["mails_an_hour"], kept=dt.timedelta(days=section["kept_days"]))


def load(config: Any) -> NotificationSettings:
    """The notification room's settings. Raises SettingsError with one sentence for each mistake."""
    settings: NotificationSettings = read_section(config, "notification", NotificationSection())
    return settings

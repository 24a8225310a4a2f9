"""The `payment` section of config.yml. The room does not start with a mistake in it, and names each in one sentence."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, fields, post_load, validate
from nameko import config

from schemas.base import Schema
from schemas.fields import Whole
from services.foundation.settings import RoomSettings, SettingsError, is_loopback, public_url, read_section

PROVIDER_NAMES = ("sandbox", "stripe")
POSITIVE = validate.Range(min=0, min_inclusive=False, error="Must be greater than 0.")
IS_ORIGIN = validate.Regexp(r"[a-z][a-z0-9+.-]*://[^/?#\s@]+\Z", error="Must be an origin such as https://cinema.example.")


@dataclass(frozen=True)
class StripeSettings:
    """How Stripe is reached. Without a secret key it is not set up."""

    secret_key: str = field(default="", repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    api: str = "https://api.stripe.com"


@dataclass(frozen=True)
class PaymentSettings:
    """The settings of the payment room."""

    provider: str                     # takes all new payments
    stripe: StripeSettings
    return_origins: tuple[str, ...]   # where buyers may be sent back to, such as https://cinema.example
    at_once: int                      # payments that a process asks its provider about at a time
    webhook_seconds: float
    sweep_seconds: float
    reconcile_seconds: float
    sandbox_webhook_url: str
    public_url: str                   # without a slash at its end
    is_local: bool                    # buyers may also be sent back to any loopback address


class StripeSection(Schema):
    """`payment.stripe` as it stands in config.yml."""

    class Meta:
        unknown = EXCLUDE

    secret_key = fields.String(load_default=None, allow_none=True)
    webhook_secrets = fields.String(load_default=None, allow_none=True)
    api = fields.Url(load_default=StripeSettings.api, require_tld=False, schemes={"http", "https"})

    @post_load
    def make(self, section: dict[str, Any], **_: Any) -> StripeSettings:
        """The section as StripeSettings."""
        secrets = [secret.strip() for secret in (section["webhook_secrets"] or "").split(",")]
        return StripeSettings(section["secret_key"] or "", tuple(filter(None, secrets)), section["api"])


class PaymentSection(Schema):
    """`payment` as it stands in config.yml."""

    class Meta:
        unknown = EXCLUDE

    provider = fields.String(required=True)
    stripe = fields.Nested(StripeSection, required=True)
    return_origins = fields.List(fields.String(validate=IS_ORIGIN), required=True)
    at_once = Whole(required=True, validate=validate.Range(min=1))
    webhook_seconds = fields.Float(required=True, validate=POSITIVE)
    sweep_seconds = fields.Float(required=True, validate=POSITIVE)
    reconcile_seconds = fields.Float(required=True, validate=POSITIVE)
    sandbox_webhook_url = fields.String(required=True)


def load(settings: Any, takes_webhooks: bool = False) -> PaymentSettings:
    """The payment settings of config.yml. Raises SettingsError with one sentence for each mistake.

    `takes_webhooks`: this process also verifies webhooks; an auditor, say, is not given the secrets for that.
    """
    section = read_section(settings, "payment", PaymentSection())
    origins = tuple(section.pop("return_origins"))
    loaded = PaymentSettings(**section, return_origins=origins, public_url=public_url(settings),
                             is_local=settings["environment"] == "local")
    if mistakes := list(_mistakes(loaded, takes_webhooks)):
        raise SettingsError(" ".join(mistakes))
    return loaded


def _mistakes(loaded: PaymentSettings, takes_webhooks: bool) -> Iterator[str]:
    if loaded.provider not in PROVIDER_NAMES:
        yield f"MARQUEE_PAYMENT_PROVIDER is {loaded.provider}, but must be one of {', '.join(PROVIDER_NAMES)}."
    if loaded.provider == "sandbox" and urlsplit(loaded.sandbox_webhook_url).scheme not in ("http", "https"):
        yield "config.yml, payment.sandbox_webhook_url: Must be an http or https address."
    if loaded.provider != "stripe":
        return
    if not loaded.stripe.secret_key:
        yield "MARQUEE_PAYMENT_PROVIDER is stripe, but MARQUEE_STRIPE_SECRET_KEY is not set."
    if takes_webhooks and not loaded.stripe.webhook_secrets:
        yield "MARQUEE_PAYMENT_PROVIDER is stripe, but MARQUEE_STRIPE_WEBHOOK_SECRETS is not set."
    public = urlsplit(loaded.public_url)
    if public.scheme != "https" and not is_loopback(public.hostname or ""):
        yield "MARQUEE_PUBLIC_URL must be the https address that buyers know."


class PaymentSettingsProvider(RoomSettings):
    """Injects PaymentSettings."""

    def __init__(self) -> None:
        super().__init__(PaymentSection, at_start=("provider", "stripe", "at_once", "sandbox_webhook_url"))

    def load(self, settings: Any, room: str) -> PaymentSettings:
        """The settings of a process that verifies webhooks. Raises SettingsError."""
        return load(settings, takes_webhooks=True)

    def reload(self) -> None:
        """Take the section as it is now. Raises SettingsError, and then changes nothing."""
        self._settings = self.load(config, "payment")

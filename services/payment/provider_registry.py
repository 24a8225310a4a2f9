"""The payment providers there are, and which of them is configured."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from nameko import config
from nameko.extensions import DependencyProvider

from schemas.payment import PaymentMethodUnknown, UnknownProvider
from services.foundation.database import Transactions
from services.foundation.settings import SettingsError, is_loopback, public_url
from services.payment import rules
from services.payment.providers import Provider
from services.payment.sandbox.provider import Sandbox
from services.payment.stripe.provider import StripeCheckout


class Roster(DependencyProvider):
    """A room that can't ask the provider it should refuses to start, in one sentence."""

    def setup(self) -> None:
        check(config)

    def get_dependency(self, worker_ctx: Any) -> None:
        """Nothing to inject."""


def check(settings: Any) -> None:
    """Raise SettingsError when something is missing or can't be."""
    payment = settings["payment"]
    if payment["provider"] not in PROVIDERS:
        raise SettingsError(f"MARQUEE_PAYMENT_PROVIDER is {payment['provider']}, but must be one of "
                            f"{', '.join(sorted(PROVIDERS))}.")
    if payment["provider"] != "stripe":
        return
    for name, variable in (("secret_key", "MARQUEE_STRIPE_SECRET_KEY"),
                           ("webhook_secrets", "MARQUEE_STRIPE_WEBHOOK_SECRETS")):
        if not payment["stripe"][name]:
            raise SettingsError(f"MARQUEE_PAYMENT_PROVIDER is stripe, but {variable} is not set.")
    public = urlsplit(public_url(settings))
    if public.scheme != "https" and not is_loopback(public.hostname or ""):
        raise SettingsError("MARQUEE_PUBLIC_URL must be the https address that buyers know.")


def configured() -> str:
    """The provider that new payments go to."""
    return str(config["payment"]["provider"])


def for_method(method: str) -> str:
    """The provider for a buyer's choice. Test money is taken only where nothing else is."""
    if method != "card" and method != configured():
        raise PaymentMethodUnknown()
    return configured()


def check_return_url(url: str) -> None:
    """Raise ReturnUrlRefused unless a buyer may be sent there after paying."""
    rules.check_return_url(url, [public_url(config), *config["payment"]["return_origins"]],
                           local=config["environment"] == "local")


def find(name: str, database: Transactions) -> Provider:
    """The provider of that name; raises UnknownProvider."""
    if name not in PROVIDERS:
        raise UnknownProvider()
    return PROVIDERS[name](database)


def _stripe(database: Transactions) -> Provider:
    settings = config["payment"]["stripe"]
    if not settings["secret_key"]:
        raise UnknownProvider()
    return _stripe_with(str(settings["secret_key"]), str(settings["webhook_secrets"] or ""),
                        public_url(config), str(settings["api"]))


@lru_cache(maxsize=8)
def _stripe_with(secret_key: str, webhook_secrets: str, public_url: str, api: str) -> StripeCheckout:
    secrets = [secret.strip() for secret in webhook_secrets.split(",") if secret.strip()]
    return StripeCheckout(secret_key, secrets, public_url, api)


PROVIDERS: dict[str, Callable[[Transactions], Provider]] = {"sandbox": Sandbox, "stripe": _stripe}

"""The payment providers there are."""

from collections.abc import Callable

from nameko import config

from schemas.payment import PaymentMethodUnknown, UnknownProvider
from services.foundation.database import Transactions
from services.payment.providers import Provider
from services.payment.sandbox import Sandbox

PROVIDERS: dict[str, Callable[[Transactions], Provider]] = {"sandbox": Sandbox}


def configured() -> str:
    """The provider that new payments go to."""
    return str(config["payment"]["provider"])


def for_method(method: str) -> str:
    """The provider for a buyer's choice. Test money is taken only where nothing else is."""
    if method != "card" and method != configured():
        raise PaymentMethodUnknown()
    return configured()


def find(name: str, database: Transactions) -> Provider:
    """The provider of that name; raises UnknownProvider."""
    if name not in PROVIDERS:
        raise UnknownProvider()
    return PROVIDERS[name](database)

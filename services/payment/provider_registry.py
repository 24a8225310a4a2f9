"""The payment providers that are set up, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from schemas.payment import PaymentMethodUnknown, UnknownProvider
from services.foundation.database import Transactions
from services.foundation.rpc.client import Caller
from services.payment.providers import Provider
from services.payment.sandbox.provider import Sandbox
from services.payment.settings import PaymentSettings, StripeSettings
from services.payment.stripe.provider import StripeCheckout
from services.payment.wallet import provider as wallet


@dataclass(frozen=True)
class ProviderRegistry:
    """Finds the provider for a buyer's choice of method, or the one that has an earlier payment."""

    database: Transactions
    settings: PaymentSettings
    remote: Caller

    def find(self, name: str) -> Provider:
        """The provider of that name; raises UnknownProvider if it is not set up."""
        if name == wallet.NAME:
            return wallet.WalletProvider(self.remote)
        if name not in PROVIDERS:
            raise UnknownProvider()
        return PROVIDERS[name](self.database, self.settings)

    def name_for(self, method: str) -> str:
        """The name of the provider that takes new payments by this method.

        Raises PaymentMethodUnknown. Test money is taken only if the sandbox is the configured provider.
        """
        if method == wallet.NAME:
            return wallet.NAME
        if method != "card" and method != self.settings.provider:
            raise PaymentMethodUnknown()
        return self.settings.provider


def _sandbox(database: Transactions, _: PaymentSettings) -> Provider:
    return Sandbox(database)


def _stripe(_: Transactions, settings: PaymentSettings) -> Provider:
    if not settings.stripe.secret_key:
        raise UnknownProvider()
    return _stripe_checkout(settings.stripe, settings.public_url)


@lru_cache(maxsize=8)
def _stripe_checkout(settings: StripeSettings, public_url: str) -> StripeCheckout:
    return StripeCheckout(settings.secret_key, list(settings.webhook_secrets), public_url, settings.api)


PROVIDERS: dict[str, Callable[[Transactions, PaymentSettings], Provider]] = {"sandbox": _sandbox, "stripe": _stripe}

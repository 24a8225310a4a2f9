"""What the contracts of payment providers are tried on."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory

from services.foundation import migrate
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal
from services.payment.payment_state import Attempt
from services.payment.providers import Provider
from services.payment.sandbox.provider import Sandbox
from services.payment.stripe.provider import StripeCheckout
from services.payment.wallet.provider import WalletProvider
from services.wallet.service import Wallet
from testbed.mesh import Mesh
from tests.drivers.payment_worlds import SECRETS, SandboxWorld, StripeWorld, WalletCaller, WalletWorld, World
from tests.drivers.stripe_server import KEY, running_stripe


@pytest.fixture(scope="module")
def database(servers: Mesh) -> Iterator[Transactions]:
    with nameko.config.patch(servers.settings, clear=True):
        migrate.upgrade("payment")
        engine = make_engine(servers.settings["DB_URIS"]["payment:Base"])
    yield Transactions(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def wallet_room(servers: Mesh) -> Iterator[Any]:
    with nameko.config.patch(servers.settings, clear=True):
        migrate.upgrade("wallet")
        engine = make_engine(servers.settings["DB_URIS"]["wallet:Base"])
    yield worker_factory(Wallet, principal=Principal(), database=Transactions(engine))
    engine.dispose()


@pytest.fixture(params=["sandbox", "stripe", "wallet"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "wallet":
        caller = WalletCaller(request.getfixturevalue("wallet_room"))
        for currency in ("EUR", "ISK", "UGX", "JPY", "MGA", "KWD", "HUF"):
            caller.room.credit(source_type="adjustment", source_id=new_id(), user_id="ada", amount=10**7,
                               currency=currency)
        yield WalletWorld(WalletProvider(caller), caller)
    elif request.param == "sandbox":
        database = request.getfixturevalue("database")
        yield SandboxWorld(Sandbox(database), database)
    else:
        with running_stripe() as server:
            yield StripeWorld(StripeCheckout(KEY, SECRETS, "https://cinema.example", server.url), server)


@pytest.fixture
def provider(world: World) -> Provider:
    return world.provider


@pytest.fixture
def attempt() -> Attempt:
    """An attempt as it is recorded before the provider is asked, which has no id for it yet."""
    now = utc_now()
    return Attempt(new_id(), new_id(), 1250, "EUR", "card", 1, "any", "submitted", return_url="/order/1",
                   expires_at=now + dt.timedelta(minutes=15), created_at=now, user_id="ada")


@pytest.fixture
def paid(world: World, provider: Provider, attempt: Attempt) -> Attempt:
    """An attempt that a buyer has paid at the page, and that is not captured."""
    known = replace(attempt, reference=provider.authorize(attempt).reference)
    world.pay(attempt)
    return known

"""The payment section of config.yml, and the sentence for each mistake in it."""

from typing import Any

import nameko
import pytest

from services.foundation.settings import SettingsError
from services.payment.settings import PaymentSettingsProvider, StripeSettings, load

STRIPE = {"secret_key": "sk_live_1", "webhook_secrets": "whsec_1", "api": "https://api.stripe.com"}
SECTION = {"provider": "stripe", "stripe": STRIPE, "return_origins": [], "at_once": 10, "webhook_seconds": 0.5,
           "sweep_seconds": 5, "reconcile_seconds": 300,
           "sandbox_webhook_url": "http://127.0.0.1:8000/payment/webhook/sandbox"}


def settings(public_url: str | None = "https://cinema.example", **payment: Any) -> dict[str, Any]:
    return {"payment": {**SECTION, **payment}, "public_url": public_url, "environment": "production",
            "WEB_SERVER_ADDRESS": "127.0.0.1:8000"}


def test_stripe_needs_a_key_a_secret_and_a_public_url() -> None:
    loaded = load(settings())

    assert (loaded.provider, loaded.public_url, loaded.is_local) == ("stripe", "https://cinema.example", False)
    assert loaded.stripe == StripeSettings("sk_live_1", ("whsec_1",), "https://api.stripe.com")


def test_buyers_may_be_sent_back_to_the_origins_that_are_named() -> None:
    origins = ["https://cinema.example", "http://kiosk.example:8080"]
    assert load(settings(return_origins=origins)).return_origins == tuple(origins)


def test_local_use_is_known_by_the_environment() -> None:
    assert load({**settings(), "environment": "local"}).is_local


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_sandbox_sends_its_webhooks_over_http_or_https(scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:8000/payment/webhook/sandbox"
    assert load(settings(provider="sandbox", sandbox_webhook_url=url)).sandbox_webhook_url == url


def test_locally_stripe_works_without_a_public_url() -> None:
    assert load(settings(public_url="http://127.0.0.1:8000")).public_url == "http://127.0.0.1:8000"
    assert load(settings(public_url=None)).public_url == "http://127.0.0.1:8000"


def test_the_sandbox_needs_no_key() -> None:
    loaded = load(settings(provider="sandbox", stripe={"secret_key": None, "webhook_secrets": None}))
    assert loaded.stripe == StripeSettings()


def test_several_webhook_secrets_are_separated_by_commas() -> None:
    loaded = load(settings(stripe={**STRIPE, "webhook_secrets": "whsec_2, whsec_1,"}))
    assert loaded.stripe.webhook_secrets == ("whsec_2", "whsec_1")


def test_settings_show_no_key_and_no_secret() -> None:
    shown = repr(load(settings()))
    assert "sk_live_1" not in shown
    assert "whsec_1" not in shown


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"provider": "paypal"}, "MARQUEE_PAYMENT_PROVIDER is paypal, but must be one of sandbox, stripe."),
    ({"stripe": {**STRIPE, "secret_key": None}},
     "MARQUEE_PAYMENT_PROVIDER is stripe, but MARQUEE_STRIPE_SECRET_KEY is not set."),
    ({"stripe": {**STRIPE, "webhook_secrets": " , "}},
     "MARQUEE_PAYMENT_PROVIDER is stripe, but MARQUEE_STRIPE_WEBHOOK_SECRETS is not set."),
    ({"public_url": "http://cinema.example"}, "MARQUEE_PUBLIC_URL must be the https address that buyers know."),
    ({"stripe": {**STRIPE, "api": "stripe"}}, "config.yml, payment.stripe.api: Not a valid URL."),
    ({"return_origins": ["https://cinema.example/"]},
     "config.yml, payment.return_origins.0: Must be an origin such as https://cinema.example."),
    ({"return_origins": ["cinema.example"]},
     "config.yml, payment.return_origins.0: Must be an origin such as https://cinema.example."),
    ({"at_once": 0}, "config.yml, payment.at_once: Must be greater than or equal to 1."),
    ({"at_once": "many"}, "config.yml, payment.at_once: Not a whole number."),
    ({"webhook_seconds": 0}, "config.yml, payment.webhook_seconds: Must be greater than 0."),
    ({"reconcile_seconds": "often"}, "config.yml, payment.reconcile_seconds: Not a valid number."),
    ({"provider": "sandbox", "sandbox_webhook_url": "/payment"},
     "config.yml, payment.sandbox_webhook_url: Must be an http or https address."),
])
def test_each_mistake_is_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(settings(**wrong), takes_webhooks=True)
    assert str(refused.value) == sentence


def test_two_mistakes_are_two_sentences() -> None:
    with pytest.raises(SettingsError) as refused:
        load(settings(stripe={}), takes_webhooks=True)
    assert str(refused.value) == (
        "MARQUEE_PAYMENT_PROVIDER is stripe, but MARQUEE_STRIPE_SECRET_KEY is not set. "
        "MARQUEE_PAYMENT_PROVIDER is stripe, but MARQUEE_STRIPE_WEBHOOK_SECRETS is not set.")


def test_a_process_that_takes_no_webhooks_needs_no_secret_for_them() -> None:
    assert load(settings(stripe={**STRIPE, "webhook_secrets": None})).stripe.webhook_secrets == ()


def test_the_room_reads_its_settings_once_when_it_starts() -> None:
    provider = PaymentSettingsProvider()
    with nameko.config.patch(settings(), clear=True):
        provider.setup()
    assert provider.get_dependency(None) == load(settings())


def test_the_room_does_not_start_without_the_secrets_of_its_webhooks() -> None:
    with (nameko.config.patch(settings(stripe={**STRIPE, "webhook_secrets": None}), clear=True),
          pytest.raises(SettingsError, match="MARQUEE_STRIPE_WEBHOOK_SECRETS")):
        PaymentSettingsProvider().setup()

"""Placeholder passwords and test money are for local use only."""

from typing import Any

import pytest

from services.foundation.settings import SettingsError, check, is_demonstration


def settings(password: str = "local-only", host: str = "127.0.0.1", **others: Any) -> dict[str, Any]:
    return {
        "environment": "local",
        "AMQP_URI": f"amqp://marquee:{password}@{host}:8672/marquee",
        "REDIS_URIS": {"marquee": f"redis://:{password}@{host}:8379/0"},
        "DB_URIS": {"user:Base": f"mysql+pymysql://marquee:{password}@{host}:8306/marquee_user"},
        "WEB_SERVER_ADDRESS": "127.0.0.1:8000",
        "public_url": None, "allow_test_money": False, "payment": payment("sandbox"),
    } | others


def payment(provider: str, secret_key: str | None = None) -> dict[str, Any]:
    return {"provider": provider, "stripe": {"secret_key": secret_key}}


def production(**others: Any) -> dict[str, Any]:
    """A house that sells: real money, at an address that buyers know."""
    selling = {"environment": "production", "public_url": "https://cinema.example",
               "payment": payment("stripe", "sk_live_1"), **others}
    return settings(password="chosen well", host="db.example", **selling)


@pytest.mark.parametrize("good", [
    settings(),
    settings(host="localhost"),
    production(WEB_SERVER_ADDRESS="0.0.0.0:8000"),
    settings(password="chosen well", WEB_SERVER_ADDRESS="0.0.0.0:8000"),
], ids=["local", "by name", "production", "open to all"])
def test_placeholder_passwords_are_allowed_on_loopback_and_chosen_ones_anywhere(good: dict[str, Any]) -> None:
    check(good)


@pytest.mark.parametrize(("bad", "told"), [
    (settings(environment="production"), "MARQUEE_AMQP_PASSWORD"),
    (settings(host="db.example"), "db.example"),
    (settings(host="0.0.0.0"), "0.0.0.0"),
    (settings(host="127.evil.example"), "127.evil.example"),
    (settings(host="localhost.evil.example"), "localhost.evil.example"),
    (settings(WEB_SERVER_ADDRESS="0.0.0.0:8000"), "0.0.0.0"),
    (settings(WEB_SERVER_ADDRESS=":8000"), "not for all"),
    (settings(REDIS_URIS={"marquee": "redis://:local-only@10.0.0.5:6379/0"}), "10.0.0.5"),
    (settings(REDIS_URIS={"marquee": "redis+cluster://:local-only@127.0.0.1:1,10.0.0.6:6379/0"}), "10.0.0.6"),
    (settings(AMQP_URI="amqp://m:local-only@127.0.0.1:1/m;amqp://m:secret@10.0.0.7:2/m"), "10.0.0.7"),
], ids=["production", "elsewhere", "any address", "not this machine", "not localhost", "open to all",
        "open to all by silence", "one of them elsewhere", "a node of a cluster elsewhere",
        "a broker of a cluster elsewhere"])
def test_placeholder_passwords_elsewhere_are_refused_in_one_sentence(bad: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        check(bad)


@pytest.mark.parametrize(("bad", "told"), [
    (production(payment=payment("sandbox")), "MARQUEE_PAYMENT_PROVIDER"),
    (production(payment=payment("stripe", "sk_test_1")), "MARQUEE_STRIPE_SECRET_KEY"),
    (production(payment=payment("stripe", "rk_test_1")), "MARQUEE_STRIPE_SECRET_KEY"),
    (production(public_url=None), "MARQUEE_PUBLIC_URL"),
    (production(public_url="https://localhost:8443"), "MARQUEE_PUBLIC_URL"),
    (production(public_url="http://127.0.0.1:8000"), "MARQUEE_PUBLIC_URL"),
    (production(public_url="http://[::1]:8000"), "MARQUEE_PUBLIC_URL"),
    (production(allow_test_money="perhaps"), "MARQUEE_ALLOW_TEST_MONEY"),
    (production(allow_test_money=True), "MARQUEE_ALLOW_TEST_MONEY"),
    (settings(allow_test_money=True, payment=payment("stripe", "sk_live_1")), "MARQUEE_ALLOW_TEST_MONEY"),
])
def test_a_house_that_sells_takes_no_test_money(bad: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refusal:
        check(bad)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("good", "says"), [
    (settings(), False),
    (settings(payment=payment("stripe", "sk_test_1")), False),
    (settings(allow_test_money=True), True),
    (production(), False),
    (production(payment=payment("stripe")), False),   # a room that does not need the key
    (production(payment=payment("sandbox"), public_url=None, allow_test_money=True), True),
    (production(payment=payment("stripe", "sk_test_1"), allow_test_money="yes"), True),
])
def test_a_demonstration_says_that_its_money_is_test_money(good: dict[str, Any], says: bool) -> None:
    check(good)
    assert is_demonstration(good) is says


def test_a_cluster_has_one_database() -> None:
    with pytest.raises(SettingsError, match="REDIS_URIS.marquee"):
        check(settings(REDIS_URIS={"marquee": "redis+cluster://:local-only@127.0.0.1:1/1"}))
    check(settings(REDIS_URIS={"marquee": "redis+cluster://:local-only@127.0.0.1:1,127.0.0.1:2/0"}))

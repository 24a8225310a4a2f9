"""Placeholder passwords are for one's own machine only."""

from typing import Any

import pytest

from services.foundation.settings import SettingsError, check


def settings(password: str = "local-only", host: str = "127.0.0.1", **others: Any) -> dict[str, Any]:
    return {
        "environment": "local",
        "AMQP_URI": f"amqp://marquee:{password}@{host}:8672/marquee",
        "REDIS_URIS": {"marquee": f"redis://:{password}@{host}:8379/0"},
        "DB_URIS": {"user:Base": f"mysql+pymysql://marquee:{password}@{host}:8306/marquee_user"},
        "WEB_SERVER_ADDRESS": "127.0.0.1:8000",
    } | others


@pytest.mark.parametrize("good", [
    settings(),
    settings(host="localhost"),
    settings(password="chosen well", host="db.example", environment="production", WEB_SERVER_ADDRESS="0.0.0.0:8000"),
    settings(password="chosen well", WEB_SERVER_ADDRESS="0.0.0.0:8000"),
], ids=["local", "by name", "production", "open to all"])
def test_these_are_fine(good: dict[str, Any]) -> None:
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
], ids=["production", "elsewhere", "any address", "not this machine", "not localhost", "open to all",
        "open to all by silence", "one of them elsewhere"])
def test_these_are_refused_in_one_sentence(bad: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        check(bad)

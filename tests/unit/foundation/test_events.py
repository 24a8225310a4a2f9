"""Events over which processes have died."""

from types import SimpleNamespace
from typing import Any

import nameko
import pytest

from schemas.base import Event, Nothing
from services.foundation.events.consumers import EventHandler
from services.foundation.events.settings import EventSettings, event_settings
from services.foundation.settings import SettingsError

SETTINGS = EventSettings(pauses=(1, 5), tries=5, at_once=5, handler_seconds=60, poll_seconds=1, kept_days=30)
HAPPENED = Event("news", "news.happened", 1, Nothing, "Something happened.")
BODY = {"event_id": "e1", "type": "news.happened", "version": 1, "about": "a", "sequence": 1,
        "occurred_at": "2026-11-21T12:00:00Z", "body": {}}


@pytest.mark.parametrize(("deaths", "tries", "fate"), [
    (0, 0, "work"), (1, 0, "work"), (2, 0, "retry_later"), (3, 0, "retry_later"),
    (0, 4, "work"), (1, 3, "work"), (1, 4, "retry_later"),
])
def test_an_event_is_delayed_after_the_second_death(deaths: int, tries: int, fate: str,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """Or after the first, if that was the last attempt."""
    seen: list[str] = []
    handler = EventHandler(HAPPENED)
    handler.settings = SETTINGS
    handler.subscription = SimpleNamespace(consumer="news.hear")  # type: ignore[assignment]
    handler.container = SimpleNamespace(spawn_managed_thread=lambda work, identifier: seen.append("work"))
    monkeypatch.setattr(handler, "_move_soon", lambda move, *_: seen.append(move.__name__))
    message: Any = SimpleNamespace(headers={"x-delivery-count": deaths, "tries": tries})

    handler.handle_message(BODY, message)
    assert seen == [fate]


RIGHT = {"pauses": [1, 5.5], "tries": 20, "at_once": 5, "handler_seconds": 60, "poll_seconds": 0.2, "kept_days": 30}


def test_the_settings_of_events_are_typed_and_follow_the_config() -> None:
    with nameko.config.patch({"events": RIGHT}):
        assert event_settings() == EventSettings((1, 5.5), 20, 5, 60, 0.2, 30)
    with nameko.config.patch({"events": {**RIGHT, "tries": 3}}):
        assert event_settings().tries == 3


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"tries": "often"}, "config.yml, events.tries: Not a whole number."),
    ({"tries": 0}, "config.yml, events.tries: Must be greater than or equal to 1."),
    ({"pauses": []}, "config.yml, events.pauses: Shorter than minimum length 1."),
    ({"pauses": [1, "later"]}, "config.yml, events.pauses.1: Not a valid number."),
    ({"poll_seconds": 0}, "config.yml, events.poll_seconds: Must be greater than 0."),
], ids=str)
def test_a_wrong_setting_of_events_is_refused_in_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with nameko.config.patch({"events": {**RIGHT, **wrong}}), pytest.raises(SettingsError) as refusal:
        event_settings()
    assert str(refusal.value) == sentence


def test_missing_settings_of_events_are_named() -> None:
    with nameko.config.patch({"events": {}}), pytest.raises(SettingsError, match="events.tries: Missing data"):
        event_settings()

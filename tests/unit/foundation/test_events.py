"""What becomes of an event by how many have died with it in hand."""

from types import SimpleNamespace
from typing import Any

import nameko
import pytest

from schemas.base import Event, Nothing
from services.foundation.events.consumers import EventHandler

HAPPENED = Event("news", "news.happened", 1, Nothing, "Something happened.")
BODY = {"event_id": "e1", "type": "news.happened", "version": 1, "about": "a", "sequence": 1,
        "occurred_at": "2026-11-21T12:00:00Z", "body": {}}


@pytest.mark.parametrize(("deaths", "tries", "fate"), [
    (0, 0, "work"), (1, 0, "work"), (2, 0, "park"), (3, 0, "park"),
    (0, 4, "work"), (1, 3, "work"), (1, 4, "park"),
])
def test_the_second_death_lays_an_event_aside(deaths: int, tries: int, fate: str,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does the first, if that was the last try."""
    seen: list[str] = []
    handler = EventHandler(HAPPENED)
    handler.subscription = SimpleNamespace(consumer="news.hear")  # type: ignore[assignment]
    handler.container = SimpleNamespace(spawn_managed_thread=lambda work, identifier: seen.append("work"))
    monkeypatch.setattr(handler, "_aside", lambda park, *_: seen.append(park.__name__))
    message: Any = SimpleNamespace(headers={"x-delivery-count": deaths, "tries": tries})

    with nameko.config.patch({"events": {"tries": 5}}):
        handler.handle_message(BODY, message)
    assert seen == [fate]

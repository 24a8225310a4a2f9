"""The section `events` of config.yml as a typed record."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from marshmallow import EXCLUDE, fields, post_load, validate
from nameko import config

from schemas.base import Schema
from schemas.fields import Whole
from services.foundation.settings import read_section


@dataclass(frozen=True)
class EventSettings:
    """How events are retried, handled and kept; config.yml explains each value."""

    pauses: tuple[float, ...]     # seconds before each further attempt; the last one repeats
    tries: int                    # attempts before an event is a dead letter
    at_once: int                  # events that a consumer takes from the broker at once, in each process
    handler_seconds: float        # a consumer that takes longer has failed
    poll_seconds: float           # between two looks into the outbox when nothing wakes the relay
    kept_days: float              # so long published events stay in the outbox


class EventSettingsSchema(Schema):
    """What may stand in the section; every setting is required, because config.yml has them all."""

    class Meta:
        unknown = EXCLUDE

    pauses = fields.List(fields.Float(validate=validate.Range(min=0, min_inclusive=False)), required=True,
                         validate=validate.Length(min=1))
    tries = Whole(required=True, validate=validate.Range(min=1))
    at_once = Whole(required=True, validate=validate.Range(min=1))
    handler_seconds = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))
    poll_seconds = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))
    kept_days = fields.Float(required=True, validate=validate.Range(min=0))

    @post_load
    def make(self, loaded: dict[str, Any], **_: Any) -> EventSettings:
        """The loaded section as EventSettings."""
        return EventSettings(**{**loaded, "pauses": tuple(loaded["pauses"])})


SCHEMA = EventSettingsSchema()


def event_settings() -> EventSettings:
    """The section as it stands in Nameko's config now, checked once per content.

    Raises SettingsError with one sentence for each mistake, such as "config.yml, events.tries: Not a whole number."
    """
    return _checked(orjson.dumps(config.get("events")))


def check_events(settings: Any) -> None:
    """Check the section in `settings`. Raises SettingsError."""
    _checked(orjson.dumps(settings.get("events")))


@lru_cache(maxsize=8)
def _checked(section: bytes) -> EventSettings:
    loaded: EventSettings = read_section({"events": orjson.loads(section)}, "events", SCHEMA)
    return loaded

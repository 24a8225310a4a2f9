"""The kitchen room's section of config.yml."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, fields, post_load, validate

from schemas.base import Schema
from services.foundation.settings import read_section


@dataclass(frozen=True)
class KitchenSettings:
    """`before_start`: snacks are to be ready so long before their screening starts.

    `begin`: a cook may begin with them so long before that. `undo`: a step may be taken back for so long.
    """

    before_start: dt.timedelta
    begin: dt.timedelta
    undo: dt.timedelta
    sweep_seconds: float


class KitchenSection(Schema):
    """What config.yml may say under `kitchen`; loads KitchenSettings."""

    class Meta:
        unknown = EXCLUDE

    minutes_before_start = fields.Float(required=True, validate=validate.Range(min=0, max=24 * 60))
    begin_minutes = fields.Float(required=True, validate=validate.Range(min=0, max=1_000_000))
    undo_seconds = fields.Float(required=True, validate=validate.Range(min=0, max=600))
    sweep_seconds = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> KitchenSettings:
        return KitchenSettings(before_start=dt.timedelta(minutes=section["minutes_before_start"]),
                               begin=dt.timedelta(minutes=section["begin_minutes"]),
                               undo=dt.timedelta(seconds=section["undo_seconds"]),
                               sweep_seconds=section["sweep_seconds"])


def load(config: Any) -> KitchenSettings:
    """The kitchen room's settings. Raises SettingsError with one sentence for each mistake."""
    settings: KitchenSettings = read_section(config, "kitchen", KitchenSection())
    return settings

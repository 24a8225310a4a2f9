"""The film room's section of config.yml."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, fields, post_load, validate

from schemas.base import Schema
from services.foundation.settings import read_section


@dataclass(frozen=True)
class FilmSettings:
    """`cleaning`: the time between two screenings in one hall."""

    cleaning: dt.timedelta


class FilmSection(Schema):
    """What config.yml may say under `film`; loads FilmSettings."""

    class Meta:
        unknown = EXCLUDE

    cleaning_minutes = fields.Float(load_default=15, validate=validate.Range(min=0, max=24 * 60))

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> FilmSettings:
        return FilmSettings(cleaning=dt.timedelta(minutes=section["cleaning_minutes"]))


def load(config: Any) -> FilmSettings:
    """The film room's settings. Raises SettingsError with one sentence for each mistake."""
    settings: FilmSettings = read_section(config, "film", FilmSection())
    return settings

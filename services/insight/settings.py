"""The insight room's section of config.yml."""

from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, fields, post_load, validate

from schemas.base import Schema
from schemas.fields import Whole


@dataclass(frozen=True)
class InsightSettings:
    """How long and how many spans are kept, at the most, and how often the rest is purged."""

    kept_hours: float
    kept_spans: int
    purge_seconds: float


class InsightSection(Schema):
    """What config.yml may say under `insight`; loads InsightSettings."""

    class Meta:
        unknown = EXCLUDE

    kept_hours = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False, max=24 * 366))
    kept_spans = Whole(required=True, validate=validate.Range(min=1, max=10**8))
    purge_seconds = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> InsightSettings:
        return InsightSettings(**section)

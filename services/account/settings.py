"""The account room's section of config.yml."""

from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, fields, post_load, validate

from schemas.base import Schema


@dataclass(frozen=True)
class AccountSettings:
    """`part_seconds`: how long a room may take for its part of the overview."""

    part_seconds: float


class AccountSection(Schema):
    """What config.yml may say under `account`; loads AccountSettings."""

    class Meta:
        unknown = EXCLUDE

    part_seconds = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False, max=3))

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> AccountSettings:
        return AccountSettings(**{name: section[name] for name in AccountSettings.__dataclass_fields__})

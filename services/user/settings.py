"""The user room's section of config.yml."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, ValidationError, fields, post_load, validate

from schemas.base import Schema
from schemas.fields import Whole
from services.foundation.settings import read_section

POSITIVE = validate.Range(min=0, min_inclusive=False)
AT_LEAST_ONE = validate.Range(min=1)


SHORTEST_KEY = 32


class KeyList(fields.Field[tuple[str, ...]]):
    """Keys separated by commas; none may be there."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        keys = tuple(key.strip() for key in str(value or "").split(",") if key.strip())
        if any(len(key) < SHORTEST_KEY for key in keys):
            raise ValidationError(f"A key has {SHORTEST_KEY} characters or more.")
        return keys


@dataclass(frozen=True)
class UserSettings:
    """`smtputf8`: whether the mail server takes addresses with names beyond ASCII.

    `second_factor_required`: of accounts with roles. `second_factor_keys`: the first encrypts, all decrypt.
    """

    max_workers: int
    token_lifetime: dt.timedelta
    token_idle: dt.timedelta
    guest_lifetime: dt.timedelta
    sessions_at_most: int
    login_failures: int
    login_pause_seconds: float
    login_window_minutes: int
    hashes_of_strangers: int
    hashes_of_a_source: int
    confirmation_lifetime: dt.timedelta
    confirmations_per_hour: int
    password_reset_lifetime: dt.timedelta
    password_resets_per_hour: int
    smtputf8: bool
    second_factor_required: bool
    second_factor_keys: tuple[str, ...]
    second_factor_failures: int


class UserSection(Schema):
    """What config.yml may say under `user`; loads UserSettings."""

    class Meta:
        unknown = EXCLUDE

    max_workers = Whole(required=True, validate=AT_LEAST_ONE)
    token_hours = fields.Float(required=True, validate=POSITIVE)
    token_idle_hours = fields.Float(required=True, validate=POSITIVE)
    guest_days = fields.Float(required=True, validate=POSITIVE)
    sessions = Whole(required=True, validate=AT_LEAST_ONE)
    login_failures = Whole(required=True, validate=AT_LEAST_ONE)
    login_pause_seconds = fields.Float(required=True, validate=POSITIVE)
    hashes_of_strangers = Whole(required=True, validate=AT_LEAST_ONE)
    hashes_of_a_source = Whole(required=True, validate=AT_LEAST_ONE)
    login_window_minutes = Whole(required=True, validate=AT_LEAST_ONE)
    confirmation_hours = fields.Float(required=True, validate=POSITIVE)
    confirmations_an_hour = Whole(required=True, validate=AT_LEAST_ONE)
    password_reset_minutes = fields.Float(required=True, validate=POSITIVE)
    password_resets_an_hour = Whole(required=True, validate=AT_LEAST_ONE)
    smtputf8 = fields.Boolean(load_default=False, allow_none=True)
    # YAML takes a bare `off` for False.
    second_factor = fields.Raw(required=True, validate=validate.OneOf(["staff", "off", False]))
    second_factor_key = KeyList(required=True)
    second_factor_failures = Whole(required=True, validate=AT_LEAST_ONE)

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> UserSettings:
        return UserSettings(
            max_workers=section["max_workers"], token_lifetime=dt.timedelta(hours=section["token_hours"]),
            token_idle=dt.timedelta(hours=section["token_idle_hours"]),
            guest_lifetime=dt.timedelta(days=section["guest_days"]), sessions_at_most=section["sessions"],
            **{name: section[name] for name in ("login_failures", "login_pause_seconds", "login_window_minutes",
                                                "hashes_of_strangers", "hashes_of_a_source")},
            confirmation_lifetime=dt.timedelta(hours=section["confirmation_hours"]),
            confirmations_per_hour=section["confirmations_an_hour"],
            password_reset_lifetime=dt.timedelta(minutes=section["password_reset_minutes"]),
            password_resets_per_hour=section["password_resets_an_hour"], smtputf8=bool(section["smtputf8"]),
            second_factor_required=section["second_factor"] == "staff",
            second_factor_keys=section["second_factor_key"], second_factor_failures=section["second_factor_failures"])


def load(config: Any) -> UserSettings:
    """The user room's settings. Raises SettingsError with one sentence for each mistake."""
    settings: UserSettings = read_section(config, "user", UserSection())
    return settings

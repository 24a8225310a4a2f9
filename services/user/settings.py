"""The user room's section of config.yml."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, fields, post_load, validate

from schemas.base import Schema
from schemas.fields import Whole
from services.foundation.settings import read_section

POSITIVE = validate.Range(min=0, min_inclusive=False)
AT_LEAST_ONE = validate.Range(min=1)


@dataclass(frozen=True)
class UserSettings:
    """`smtputf8`: whether the mail server takes addresses with names beyond ASCII."""

    max_workers: int
    token_lifetime: dt.timedelta
    token_idle: dt.timedelta
    sessions_at_most: int
    login_failures: int
    login_window_minutes: int
    confirmation_lifetime: dt.timedelta
    confirmations_per_hour: int
    password_reset_lifetime: dt.timedelta
    password_resets_per_hour: int
    smtputf8: bool


class UserSection(Schema):
    """What config.yml may say under `user`; loads UserSettings."""

    class Meta:
        unknown = EXCLUDE

    max_workers = Whole(required=True, validate=AT_LEAST_ONE)
    token_hours = fields.Float(required=True, validate=POSITIVE)
    token_idle_hours = fields.Float(required=True, validate=POSITIVE)
    sessions = Whole(required=True, validate=AT_LEAST_ONE)
    login_failures = Whole(required=True, validate=AT_LEAST_ONE)
    login_window_minutes = Whole(required=True, validate=AT_LEAST_ONE)
    confirmation_hours = fields.Float(required=True, validate=POSITIVE)
    confirmations_an_hour = Whole(required=True, validate=AT_LEAST_ONE)
    password_reset_minutes = fields.Float(required=True, validate=POSITIVE)
    password_resets_an_hour = Whole(required=True, validate=AT_LEAST_ONE)
    smtputf8 = fields.Boolean(load_default=False, allow_none=True)

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> UserSettings:
        return UserSettings(
            max_workers=section["max_workers"], token_lifetime=dt.timedelta(hours=section["token_hours"]),
            token_idle=dt.timedelta(hours=section["token_idle_hours"]), sessions_at_most=section["sessions"],
            login_failures=section["login_failures"], login_window_minutes=section["login_window_minutes"],
            confirmation_lifetime=dt.timedelta(hours=section["confirmation_hours"]),
            confirmations_per_hour=section["confirmations_an_hour"],
            password_reset_lifetime=dt.timedelta(minutes=section["password_reset_minutes"]),
            password_resets_per_hour=section["password_resets_an_hour"], smtputf8=bool(section["smtputf8"]))


def load(config: Any) -> UserSettings:
    """The user room's settings. Raises SettingsError with one sentence for each mistake."""
    settings: UserSettings = read_section(config, "user", UserSection())
    return settings

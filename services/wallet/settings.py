"""The wallet room's section of config.yml."""

from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, fields, post_load, validate

from schemas.base import Schema
from schemas.fields import Currency
from services.foundation.settings import read_section


@dataclass(frozen=True)
class WalletSettings:
    """`currency`: of an adjustment that names none."""

    currency: str
    tidy_seconds: float


class WalletSection(Schema):
    """What config.yml may say under `wallet`; loads WalletSettings."""

    class Meta:
        unknown = EXCLUDE

    currency = Currency(required=True)
    tidy_seconds = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> WalletSettings:
        return WalletSettings(**section)


def load(config: Any) -> WalletSettings:
    """The wallet room's settings. Raises SettingsError with one sentence for each mistake."""
    settings: WalletSettings = read_section(config, "wallet", WalletSection())
    return settings

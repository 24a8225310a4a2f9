"""The section `metrics` of config.yml as a typed record."""

from dataclasses import dataclass
from typing import Any

from marshmallow import fields, post_load, validate

from schemas.base import Schema
from schemas.fields import Whole
from services.foundation.settings import read_section


@dataclass(frozen=True)
class MetricsSettings:
    """Where metrics are read; config.yml explains each value."""

    address: str
    port: int            # 0: nowhere
    port_each: bool      # every process has the port for itself
    process: str         # the name that supervisord gave this process; "" without supervisord


class MetricsSection(Schema):
    """What may stand in the section; loads MetricsSettings."""

    address = fields.String(required=True, validate=validate.Length(min=1))
    port = Whole(required=True, validate=validate.Range(min=0, max=65535))
    port_each = fields.Boolean(required=True)
    process = fields.String(load_default="", allow_none=True)

    @post_load
    def make(self, loaded: dict[str, Any], **_: Any) -> MetricsSettings:
        """The loaded section as MetricsSettings."""
        return MetricsSettings(**{**loaded, "process": loaded["process"] or ""})


def metrics_settings(settings: Any) -> MetricsSettings:
    """The section in these settings. Raises SettingsError with one sentence for each mistake."""
    loaded: MetricsSettings = read_section(settings, "metrics", MetricsSection())
    return loaded

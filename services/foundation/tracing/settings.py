"""The section `tracing` of config.yml as a typed record."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from marshmallow import EXCLUDE, fields, post_load, validate, validates_schema
from marshmallow import ValidationError as Mistake

from schemas.base import Schema
from schemas.fields import Whole
from schemas.insight.spans import MOST_SPANS_A_BATCH
from services.foundation.settings import read_section

POSITIVE = validate.Range(min=0, min_inclusive=False)
EXPORTS = ("insight", "otlp", "both", "none")


@dataclass(frozen=True)
class TracingSettings:
    """Which traces are recorded and where they go; config.yml explains each value."""

    ratio: float
    per_second: float
    export: str           # one of EXPORTS
    endpoint: str         # of OTLP over HTTP, without /v1/traces; empty: none
    headers: dict[str, str]
    timeout: float        # seconds for one request to the endpoint
    queue: int
    batch: int
    seconds: float

    @property
    def to_insight(self) -> bool:
        """Whether spans go to the insight room."""
        return self.export in ("insight", "both")

    @property
    def to_otlp(self) -> bool:
        """Whether spans go to the OTLP endpoint."""
        return self.export in ("otlp", "both")


class TracingSection(Schema):
    """What config.yml may say under `tracing`; loads TracingSettings."""

    class Meta:
        unknown = EXCLUDE

    ratio = fields.Float(required=True, validate=validate.Range(min=0, max=1))
    per_second = fields.Float(required=True, validate=validate.Range(min=0))
    export = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(["", *EXPORTS]))
    endpoint = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(
        r"^(https?://[^\s/]+.*)?\Z", error="Not an address such as http://collector:4318."))
    headers = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(
        r"^([^=,\s]+=[^,]*(,|\Z))*\Z", error="Not a list such as name=value,name=value."))
    timeout = fields.Float(required=True, validate=POSITIVE)
    queue = Whole(required=True, validate=validate.Range(min=1))
    batch = Whole(required=True, validate=validate.Range(min=1, max=MOST_SPANS_A_BATCH))
    seconds = fields.Float(required=True, validate=POSITIVE)

    @validates_schema
    def _has_endpoint(self, values: dict[str, Any], **_: Any) -> None:
        if values["export"] in ("otlp", "both") and not values["endpoint"]:
            raise Mistake("Spans go to an OTLP endpoint, but OTEL_EXPORTER_OTLP_ENDPOINT names none.", "export")

    @post_load
    def _typed(self, values: dict[str, Any], **_: Any) -> TracingSettings:
        endpoint = values["endpoint"] or ""
        export = values["export"] or ("otlp" if endpoint else "insight")
        # The values are percent-encoded, as OpenTelemetry says of this variable: a comma could not stand in one.
        headers = {name: unquote(value) for name, value in (
            pair.split("=", 1) for pair in (values["headers"] or "").split(",") if pair)}
        return TracingSettings(**{**values, "endpoint": endpoint, "export": export, "headers": headers})


def tracing_settings(settings: Any) -> TracingSettings:
    """The section in these settings. Raises SettingsError with one sentence for each mistake."""
    loaded: TracingSettings = read_section(settings, "tracing", TracingSection())
    return loaded

"""The section `gateway` of config.yml, as one typed object."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from marshmallow import fields, post_load, validate
from nameko import config

from schemas.base import Schema
from schemas.fields import Whole
from services.foundation.settings import RoomSettings, read_section

AT_LEAST_ONE = validate.Range(min=1)
POSITIVE = validate.Range(min=0, min_inclusive=False)
ORIGIN = validate.Regexp(r"^[a-z][a-z0-9+.-]*://[^/\s]+\Z", error="Not an origin, such as https://cinema.example.")


@dataclass(frozen=True)
class GatewaySettings:
    """`body_limit` is in bytes, `socket_timeout` and `token_cache_seconds` are in seconds.

    The other limits count what may be open in one process at a time: sockets, calls, and streams of seat maps, of all
    clients and of one address (IPv6: one /64 network).
    """

    body_limit: int
    connection_limit: int
    connections_per_address: int
    call_limit: int
    socket_timeout: float
    stream_limit: int
    streams_per_address: int
    token_cache_seconds: float
    cors_origins: frozenset[str]


class GatewaySection(Schema):
    """What config.yml may say under `gateway`; loads GatewaySettings."""

    body_limit = Whole(required=True, validate=AT_LEAST_ONE)
    connection_limit = Whole(required=True, validate=AT_LEAST_ONE)
    connections_per_address = Whole(required=True, validate=AT_LEAST_ONE)
    call_limit = Whole(required=True, validate=AT_LEAST_ONE)
    socket_timeout = fields.Float(required=True, validate=POSITIVE)
    stream_limit = Whole(required=True, validate=validate.Range(min=0))
    streams_per_address = Whole(required=True, validate=validate.Range(min=0))
    token_cache_seconds = fields.Float(required=True, validate=validate.Range(min=0))
    cors_origins = fields.List(fields.String(validate=ORIGIN), required=True)

    @post_load
    def _typed(self, values: dict[str, Any], **_: Any) -> GatewaySettings:
        return GatewaySettings(**{**values, "cors_origins": frozenset(values["cors_origins"])})


@cache
def gateway_settings() -> GatewaySettings:
    """The settings of this process. Raises SettingsError with a sentence for each mistake."""
    settings: GatewaySettings = read_section(config, "gateway", GatewaySection())
    return settings


class GatewaySettingsProvider(RoomSettings):
    """Takes over a changed section; the parts of the gateway ask gateway_settings() each time."""

    def __init__(self) -> None:
        super().__init__(GatewaySection, at_start=("body_limit", "call_limit", "socket_timeout", "token_cache_seconds"))

    def reload(self) -> None:
        """Take the section as it is now. Raises SettingsError, and then changes nothing."""
        super().reload()
        gateway_settings.cache_clear()

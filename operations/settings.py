"""The settings in config.yml that only operations read; read_section reports a mistake in one sentence."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from marshmallow import EXCLUDE, Schema, fields
from marshmallow.validate import Range

from services.foundation.settings import SettingsError, read_section


def instances(settings: Any, rooms: Iterable[str]) -> dict[str, int]:
    """The number of processes of each room, 1 by default. Raises SettingsError."""
    number = fields.Integer(load_default=1, validate=Range(min=0))
    schema = Schema.from_dict(dict.fromkeys(rooms, number), name="Instances")
    return dict(read_section(settings, "instances", schema(unknown=EXCLUDE)))


def audit_seconds(settings: Any) -> float:
    """The pause between two audits, in seconds. Raises SettingsError."""
    return float(_audit(settings)["seconds"])


def audit_window(settings: Any) -> dt.timedelta:
    """How far back a check looks for what has changed. Raises SettingsError."""
    return dt.timedelta(hours=_audit(settings)["window_hours"])


def _audit(settings: Any) -> dict[str, Any]:
    positive = Range(min=0, min_inclusive=False)
    schema = Schema.from_dict({"seconds": fields.Float(required=True, validate=positive),
                               "window_hours": fields.Float(load_default=48.0, validate=positive)}, name="Audit")
    return dict(read_section(settings, "audit", schema()))


def web_address(settings: Any) -> tuple[str, int]:
    """The host, which may be empty, and the port at which the gateway listens. Raises SettingsError."""
    host, _, port = str(settings["WEB_SERVER_ADDRESS"]).rpartition(":")
    if not (port.isdecimal() and 0 < int(port) < 65_536):
        raise SettingsError(f"config.yml, WEB_SERVER_ADDRESS: {port!r} is not a port from 1 to 65535.")
    return host, int(port)

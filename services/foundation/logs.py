"""Logs as JSON lines: one for each request and each call, under the same request id in every room."""

import datetime as dt
import logging
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

SECRET_FIELDS = frozenset({"password", "token", "code", "authorization", "cookie", "email", "secret"})


# Nobody reads these; finding them out costs every line.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class JsonLine(OrjsonFormatter):
    """`time` (UTC), `level`, `logger`, `message`, and whatever was given as `extra`."""

    def __init__(self) -> None:
        super().__init__(reserved_attrs=[*RESERVED_ATTRS, "taskName"])

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)
        for name in SECRET_FIELDS & log_data.keys():
            log_data[name] = "[not logged]"

"""Logs as JSON lines: one per request and per call, with the same request id in every room."""

import datetime as dt
import logging
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

from services.foundation.tracing import trace_context

SECRET_FIELDS = frozenset({"password", "token", "code", "authorization", "cookie", "email", "secret"})


# Nobody reads these fields, and every line would pay for them.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class JsonLine(OrjsonFormatter):
    """Formats a record as one line with `time` (UTC), `level`, `logger`, `message` and the fields given as `extra`.

    Within a trace, sampled or not, the line has its `trace_id` and `span_id`.
    """

    def __init__(self) -> None:
        super().__init__(reserved_attrs=[*RESERVED_ATTRS, "taskName"])

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Fill in the line's fields; the value of any of SECRET_FIELDS is replaced."""
        log_data["time"] = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        if here := trace_context.ids():
            log_data["trace_id"], log_data["span_id"] = here
        super().add_fields(log_data, record, message_dict)
        for name in SECRET_FIELDS & log_data.keys():
            log_data[name] = "[not logged]"

"""POST /page/report_error: what went wrong on a page, as a line in the log. The gateway answers it by itself.

A report says where, in the words of our own scripts, and never about whom. Whatever else it has is left out: no free
text, no address, account or query string is kept, and pages send it without their cookie.
"""

import logging
import re
from typing import Any

from marshmallow import EXCLUDE, fields
from prometheus_client import Counter

from gateway.http.messages import Reply, Request
from gateway.replies import result
from gateway.routes.method_fields import read_fields
from gateway.routes.static_files import PAGES
from schemas.base import Method, Nothing, Schema

log = logging.getLogger("marquee.page")
ERRORS = Counter("marquee_page_errors_total", "Errors that pages in browsers have reported.")
REPORT_LIMIT = 4096  # bytes
MOST_FRAMES = 10


ERROR = re.compile(r"[A-Za-z]{0,30}(Error|Exception)|ScriptMissing")
FRAME = re.compile(r"/web/[a-z0-9_/-]{1,80}\.js:[0-9]{1,6}:[0-9]{1,6}")


class PageError(Schema):
    """An error of a page's script. A page of any version may report: what does not fit is not logged, nor refused."""

    class Meta:
        unknown = EXCLUDE

    page = fields.Raw(metadata={"description": "the path, of which the first part is logged, such as /order"})
    error = fields.Raw(metadata={"description": "the name of its class, such as TypeError"})
    frames = fields.Raw(metadata={"description": "where in our scripts, the innermost first: /web/hall/hall.js:12:5"})


REPORT_ERROR = Method("page", "report_error", PageError, Nothing, "public",
                      "Report an error of a page's script, so that somebody hears of it.")


def report_error(request: Request) -> Reply:
    """Log the report with the request's id. Raises what reading the body raises."""
    report = REPORT_ERROR.load(read_fields(REPORT_ERROR, request))
    ERRORS.inc()
    log.error("a page failed", extra={"event": "page_error", "request_id": request.request_id, **impersonal(report)})
    return result({})


def impersonal(report: dict[str, Any]) -> dict[str, Any]:
    """What of a report can be about nobody: one of our pages, the name of an error, places in our scripts."""
    page, error, frames = str(report.get("page")).split("/"), str(report.get("error")), report.get("frames")
    known = [frame for frame in frames if FRAME.fullmatch(str(frame))] if isinstance(frames, list) else []
    name = page[1] if len(page) > 1 and not page[0] else "unknown"
    return {"page": f"/{name}" if name in ("", *PAGES) else "unknown",
            "error": error if ERROR.fullmatch(error) else "unknown", "frames": known[:MOST_FRAMES]}

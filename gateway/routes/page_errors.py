"""POST /page/report_error: what went wrong on a page, as a line in the log. The gateway answers it by itself.

A report says where, in the words of our own scripts, and never about whom: no text of it is free, no address, account
or query string is kept, and pages send it without their cookie.
"""

import logging

from marshmallow import fields, validate
from prometheus_client import Counter

from gateway.http.messages import Reply, Request
from gateway.replies import result
from gateway.routes.method_fields import read_fields
from schemas.base import Method, Nothing, Schema

log = logging.getLogger("marquee.page")
ERRORS = Counter("marquee_page_errors_total", "Errors that pages in browsers have reported.")
REPORT_LIMIT = 4096  # bytes
MOST_FRAMES = 10


def _like(pattern: str) -> validate.Regexp:
    return validate.Regexp(pattern, error="Not of the form that is described.")


class PageError(Schema):
    """An error of a page's script, without anything that a person has typed or that names one."""

    page = fields.String(required=True, validate=_like(r"^/[a-z_]{0,32}\Z"), metadata={
        "description": "the first part of the page's path, such as /order"})
    error = fields.String(required=True, validate=_like(r"^[A-Za-z_]{1,40}\Z"), metadata={
        "description": "the name of its class, such as TypeError, and no message"})
    frames = fields.List(fields.String(validate=_like(r"^/web/[a-z0-9_/-]{1,80}\.js:[0-9]{1,6}:[0-9]{1,6}\Z")),
                         load_default=list, validate=validate.Length(max=MOST_FRAMES), metadata={
        "description": "where in our scripts, the innermost first, such as /web/hall/hall.js:12:5"})


REPORT_ERROR = Method("page", "report_error", PageError, Nothing, "public",
                      "Report an error of a page's script, so that somebody hears of it.")


def report_error(request: Request) -> Reply:
    """Log the report with the request's id. Raises FieldsInvalid, and what reading the body raises."""
    report = REPORT_ERROR.load(read_fields(REPORT_ERROR, request))
    ERRORS.inc()
    log.error("a page failed", extra={"event": "page_error", "request_id": request.request_id, **report})
    return result({})

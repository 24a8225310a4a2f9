"""The gateway's line in the log for each request."""

import logging
import time

from gateway.http.messages import Reply, Request

log = logging.getLogger("marquee.request")


def write(request: Request, reply: Reply, started: float) -> None:
    """Log the reply to a request that came at `started` (time.perf_counter)."""
    log.info("%s %s", request.verb, path_of(request), extra={
        "event": "request", "room": "gateway", "request_id": request.request_id, "status": reply.status,
        "ms": round((time.perf_counter() - started) * 1000, 2), "user_id": request.user_id, "cached": request.cached})


def path_of(request: Request) -> str:
    """The method's own path; of any other address its first 80 characters, and never a query string."""
    return request.method.path if request.method else request.path[:80].encode("ascii", "replace").decode()

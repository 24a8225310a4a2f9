"""CORS: which pages of other sites may call the gateway, and what they may send and read."""

from gateway.http.messages import Headers, Request

PREFLIGHT: Headers = [
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-Request-ID, If-None-Match, "
                                     "traceparent, X-Challenge"),
    ("Access-Control-Max-Age", "600"),
]
READABLE: Headers = [("Access-Control-Expose-Headers", "ETag, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, "
                                                       "traceparent")]


def cross_origin_headers(request: Request, allowed: frozenset[str]) -> Headers:
    """The CORS headers of a reply; `allowed` are exact origins. No origin is allowed: no headers."""
    if not allowed:
        return []
    vary: Headers = [("Vary", "Origin")]
    if request.origin not in allowed:
        return vary
    return [*vary, ("Access-Control-Allow-Origin", str(request.origin)),
            *(PREFLIGHT if request.verb == "OPTIONS" else READABLE)]

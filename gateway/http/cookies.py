"""A session token in a cookie that no script can read, for the pages of Marquee; other clients send a bearer token.

A call asks for the cookie with `X-Session: cookie`. Signing in then answers with a cookie instead of a token, and later
calls with that header are made under the cookie's token. A page of another site can't send the header: its browser asks
for permission first (CORS), and the gateway gives none.

All tabs of a browser share the cookie. `X-Session-User` names the user whom a page shows as signed in; when the cookie
belongs to another user by now, the gateway refuses the call.

A third cookie, for signing in alone, says that this browser has signed in before (`device` of user.login).

Signing out always deletes the cookie. When the token could not be ended, it moves to a second cookie, which counts for
signing out alone, so that the user can try again.
"""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from nameko import config
from werkzeug.http import dump_cookie
from werkzeug.sansio.http import parse_cookie  # takes the header as WSGI decodes it, whatever its bytes are

from gateway.http.messages import Environ, Headers, Reply, Request
from gateway.replies import result
from schemas import user
from schemas.base import Method

DEVICE_SECONDS = 180 * 24 * 3600
RETRY_SECONDS = 3600    # how long a token that could not be ended may be tried again
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")


def wants_cookie(environ: Environ) -> bool:
    """Whether the call keeps its token in a cookie."""
    return bool(environ.get("HTTP_X_SESSION") == "cookie")


def token_of(environ: Environ) -> str | None:
    """The token in the cookie, if the call asks for the cookie."""
    if not wants_cookie(environ):
        return None
    token = _value(environ, session_name())
    if token is None and environ.get("PATH_INFO") == user.LOGOUT.path:
        return _value(environ, _ending_name())
    return token


def expected_user(environ: Environ) -> str | None:
    """The username that the page shows as signed in; None where it does not say. A URL-escape stands for a character
    beyond ASCII, which no header can have.
    """
    return unquote(environ.get("HTTP_X_SESSION_USER", "")) or None if wants_cookie(environ) else None


def _value(environ: Environ, name: str) -> str | None:
    given = parse_cookie(environ.get("HTTP_COOKIE", "")).getlist(name)
    return next((value for value in given if TOKEN.fullmatch(value)), None)


def reply_with_cookie(method: Method, body: dict[str, Any]) -> Reply:
    """The reply to a page: signing in puts the tokens into cookies instead of the body."""
    if method not in user.SIGN_IN:
        return result(body)
    seconds = int((datetime.fromisoformat(body["expires_at"]) - datetime.now(UTC)).total_seconds())
    reply = result({name: value for name, value in body.items() if name not in ("token", "device")})
    kept = [_cookie(session_name(), "/", body["token"], seconds)]
    if device := body.get("device"):
        kept.append(_cookie(_device_name(), user.LOGIN.path, device, DEVICE_SECONDS))
    return Reply(reply.status, reply.body, [*reply.headers, *kept])


def fields_with_tokens(method: Method, request: Request) -> dict[str, Any]:
    """The fields of a call. Whoever signs in or opens an order brings the token of this call along, which may be a
    guest's; a page that signs in also sends the token of its device in a cookie.
    """
    if method not in (user.LOGIN, user.REGISTER, user.OPEN_ORDER):
        return request.fields
    guest = request.token if TOKEN.fullmatch(request.token or "") else None
    device = _value(request.environ, _device_name()) if method is user.LOGIN and request.wants_cookie else None
    found = {"guest_token": guest, "device": device}
    return {**{name: token for name, token in found.items() if token}, **request.fields}


def sign_out_cookies(request: Request, reply: Reply) -> Headers:
    """The Set-Cookie headers of a reply to a page that signs out; none for any other reply."""
    if request.method is not user.LOGOUT or not request.wants_cookie:
        return []
    unfinished = "" if reply.status in (200, 401) else request.token or ""
    return [_cookie(session_name(), "/", "", 0),
            _cookie(_ending_name(), user.LOGOUT.path, unfinished, RETRY_SECONDS if unfinished else 0)]


def _cookie(name: str, path: str, token: str, seconds: int) -> tuple[str, str]:
    return "Set-Cookie", dump_cookie(name, token, max_age=seconds, path=path, secure=not _is_local(), httponly=True,
                                     sync_expires=False, samesite="Strict")


def session_name() -> str:
    """The name of the cookie with the token; beyond local use browsers hold it to https and to this very host."""
    return "marquee" if _is_local() else "__Host-marquee"


def _ending_name() -> str:
    return "marquee-ending" if _is_local() else "__Secure-marquee-ending"


def _device_name() -> str:
    return "marquee-device" if _is_local() else "__Secure-marquee-device"


def _is_local() -> bool:
    # Local use has no TLS, and not every browser takes a Secure cookie without it.
    return bool(config["environment"] == "local")

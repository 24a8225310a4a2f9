"""The token in a cookie that no script can read, for pages of ours; everyone else sends it as a bearer token.

A call asks for this with `X-Session: cookie`. Signing in then answers with the cookie and no token, and in later
calls the cookie counts. A page elsewhere can't send that header: browsers ask us first (CORS), and we say no.

All tabs of a browser share the cookie. A page says in `X-Session-User` whom it takes its reader for; when the cookie is
somebody else's by now, the call is refused.

Signing out takes the cookie away, whatever comes of it. A token that could not be ended goes into another cookie, which
counts for signing out and for nothing else: so one can try again.
"""

import re
from datetime import UTC, datetime
from typing import Any

from nameko import config

from gateway.http.messages import Headers, Reply, Request
from gateway.replies import result
from schemas import user
from schemas.base import Method

RETRY_SECONDS = 3600    # for so long a token that could not be ended may be tried again


def is_asked_for(environ: dict[str, Any]) -> bool:
    return bool(environ.get("HTTP_X_SESSION") == "cookie")


def token_of(environ: dict[str, Any]) -> str | None:
    """The token in the cookie, if the call says that it counts."""
    if not is_asked_for(environ):
        return None
    token = _value(environ, _name())
    if token is None and environ.get("PATH_INFO") == user.LOGOUT.path:
        return _value(environ, _name_while_ending())
    return token


def believed_user(environ: dict[str, Any]) -> str | None:
    """Whom a page takes its reader for; None where it does not say."""
    return environ.get("HTTP_X_SESSION_USER") if is_asked_for(environ) else None


def _value(environ: dict[str, Any], name: str) -> str | None:
    found = re.search(rf"(?:^|;\s*){name}=([A-Za-z0-9_-]{{1,200}})\s*(?:;|$)", environ.get("HTTP_COOKIE", ""))
    return found[1] if found else None


def keep(method: Method, reply: dict[str, Any]) -> Reply:
    """The reply as a page gets it: the token of who has signed in is in the cookie."""
    if method is not user.LOGIN:
        return result(reply)
    seconds = int((datetime.fromisoformat(reply["expires_at"]) - datetime.now(UTC)).total_seconds())
    answer = result({name: value for name, value in reply.items() if name != "token"})
    return Reply(answer.status, answer.body, [*answer.headers, _cookie(_name(), "/", reply["token"], seconds)])


def sign_out(request: Request, reply: Reply) -> Headers:
    """What every answer to a page that signs out does to its cookies; nothing in answers to anything else."""
    if request.method is not user.LOGOUT or not request.wants_cookie:
        return []
    unfinished = "" if reply.status in (200, 401) else request.token or ""
    return [_cookie(_name(), "/", "", 0),
            _cookie(_name_while_ending(), user.LOGOUT.path, unfinished, RETRY_SECONDS if unfinished else 0)]


def _cookie(name: str, path: str, token: str, seconds: int) -> tuple[str, str]:
    secure = "" if _is_local() else "; Secure"
    return "Set-Cookie", f"{name}={token}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _name() -> str:
    return "marquee" if _is_local() else "__Host-marquee"


def _name_while_ending() -> str:
    return "marquee-ending" if _is_local() else "__Secure-marquee-ending"


def _is_local() -> bool:
    # Only there is no TLS; not every browser takes a Secure cookie without it.
    return bool(config["environment"] == "local")

"""The token in a cookie that no script can read, for pages of ours; everyone else sends it as a bearer token.

A call asks for this with `X-Session: cookie`. Signing in then answers with the cookie and no token, and in later
calls the cookie counts. A page elsewhere can't send that header: browsers ask us first (CORS), and we say no.
"""

import re
from datetime import UTC, datetime
from typing import Any

from nameko import config

from gateway.messages import Reply
from gateway.replies import result
from schemas import user
from schemas.base import Method


def is_asked_for(environ: dict[str, Any]) -> bool:
    return bool(environ.get("HTTP_X_SESSION") == "cookie")


def token_of(environ: dict[str, Any]) -> str | None:
    """The token in the cookie, if the call says that it counts."""
    if not is_asked_for(environ):
        return None
    found = re.search(rf"(?:^|;\s*){_name()}=([A-Za-z0-9_-]{{1,200}})\s*(?:;|$)", environ.get("HTTP_COOKIE", ""))
    return found[1] if found else None


def keep(method: Method, reply: dict[str, Any]) -> Reply:
    """The reply as a page gets it, with its cookie set or cleared."""
    if method is user.LOGOUT:
        return _with_cookie(reply, "", 0)
    if method is not user.LOGIN:
        return result(reply)
    seconds = int((datetime.fromisoformat(reply["expires_at"]) - datetime.now(UTC)).total_seconds())
    return _with_cookie({name: value for name, value in reply.items() if name != "token"}, reply["token"], seconds)


def _with_cookie(reply: dict[str, Any], token: str, seconds: int) -> Reply:
    answer = result(reply)
    return Reply(answer.status, answer.body, [*answer.headers, _cookie(token, seconds)])


def _cookie(token: str, seconds: int) -> tuple[str, str]:
    secure = "" if _is_local() else "; Secure"
    return "Set-Cookie", f"{_name()}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _name() -> str:
    return "marquee" if _is_local() else "__Host-marquee"


def _is_local() -> bool:
    # Only there is no TLS; not every browser takes a Secure cookie without it.
    return bool(config["environment"] == "local")

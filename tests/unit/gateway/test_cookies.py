"""The cookie that keeps a page's token: how it is named, who may send it, and that signing out takes it away."""

from collections.abc import Iterator
from typing import Any

import nameko
import pytest

from gateway.http import cookies
from gateway.http.messages import Reply, Request
from schemas import user
from schemas.base import Method

OURS = {"HTTP_X_SESSION": "cookie"}


@pytest.fixture(params=["local", "production"])
def environment(request: pytest.FixtureRequest) -> Iterator[str]:
    with nameko.config.patch({"environment": request.param}):
        yield str(request.param)


@pytest.fixture
def local() -> Iterator[None]:
    with nameko.config.patch({"environment": "local"}):
        yield


def set_by(headers: list[tuple[str, str]]) -> dict[str, tuple[str, set[str]]]:
    """Each cookie that these headers set: its value and its attributes."""
    made = {}
    for _, cookie in headers:
        pair, *attributes = cookie.split("; ")
        name, _, value = pair.partition("=")
        made[name] = value, set(attributes)
    return made


def signed_in() -> dict[str, tuple[str, set[str]]]:
    reply = cookies.keep(user.LOGIN, {"token": "abc", "expires_at": "2099-01-01T00:00:00+00:00", "user": {}})
    return set_by([header for header in reply.headers if header[0] == "Set-Cookie"])


def signed_out(status: int, token: str | None = "abc", method: Method = user.LOGOUT,
               wants_cookie: bool = True) -> dict[str, tuple[str, set[str]]]:
    asked = Request("POST", method.path, "r1", token=token, wants_cookie=wants_cookie, method=method)
    return set_by(cookies.sign_out(asked, Reply(status, b"", [])))


def test_outside_local_use_a_browser_takes_and_sends_it_over_tls_to_this_host_alone() -> None:
    with nameko.config.patch({"environment": "production"}):
        [(name, (value, attributes))] = signed_in().items()
    assert (name, value) == ("__Host-marquee", "abc")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= attributes
    assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_on_ones_own_machine_there_is_no_tls(local: None) -> None:
    [(name, (_, attributes))] = signed_in().items()
    assert name == "marquee"
    assert "Secure" not in attributes
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= attributes


def test_the_cookie_of_the_other_environment_does_not_count(environment: str) -> None:
    ours, theirs = ("marquee", "__Host-marquee") if environment == "local" else ("__Host-marquee", "marquee")
    assert cookies.token_of({**OURS, "HTTP_COOKIE": f"{ours}=abc"}) == "abc"
    assert cookies.token_of({**OURS, "HTTP_COOKIE": f"{theirs}=abc"}) is None
    assert cookies.token_of({"HTTP_COOKIE": f"{ours}=abc"}) is None


@pytest.mark.parametrize("status", [200, 400, 401, 405, 415, 500, 503, 504])
def test_every_answer_to_signing_out_takes_the_cookie_away(environment: str, status: int) -> None:
    value, attributes = signed_out(status)["marquee" if environment == "local" else "__Host-marquee"]
    assert value == ""
    assert {"Max-Age=0", "Path=/"} <= attributes


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_token_that_lives_on_is_kept_for_another_try_and_for_nothing_else(environment: str, status: int) -> None:
    made = signed_out(status)
    name = "marquee-ending" if environment == "local" else "__Secure-marquee-ending"
    value, attributes = made[name]
    assert value == "abc"
    assert {"Path=/user/logout", "HttpOnly", "SameSite=Strict"} <= attributes
    assert ("Secure" in attributes) == (environment != "local")
    again = {**OURS, "HTTP_COOKIE": f"{name}=abc"}
    assert cookies.token_of({**again, "PATH_INFO": "/user/logout"}) == "abc"
    assert cookies.token_of({**again, "PATH_INFO": "/order/get_list"}) is None


@pytest.mark.parametrize("status", [200, 401])
def test_a_token_that_has_ended_is_kept_nowhere(local: None, status: int) -> None:
    assert [value for value, _ in signed_out(status).values()] == ["", ""]


def test_nothing_else_touches_the_cookie(local: None) -> None:
    assert signed_out(503, method=user.GET_PROFILE) == {}
    assert signed_out(200, wants_cookie=False) == {}
    reply: Any = cookies.keep(user.GET_PROFILE, {"username": "ada"})
    assert not [header for header in reply.headers if header[0] == "Set-Cookie"]

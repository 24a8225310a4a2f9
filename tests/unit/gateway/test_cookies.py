"""The cookie with a page's token: its name and attributes, the calls it counts in, and how signing out deletes it."""

from collections.abc import Iterator
from typing import Any

import nameko
import pytest

from gateway.http import cookies
from gateway.http.messages import Reply, Request
from schemas import user
from schemas.base import Method

ASKS_FOR_COOKIE = {"HTTP_X_SESSION": "cookie"}


@pytest.fixture(params=["local", "production"])
def environment(request: pytest.FixtureRequest) -> Iterator[str]:
    with nameko.config.patch({"environment": request.param}):
        yield str(request.param)


@pytest.fixture
def local() -> Iterator[None]:
    with nameko.config.patch({"environment": "local"}):
        yield


def cookies_set_by(headers: list[tuple[str, str]]) -> dict[str, tuple[str, set[str]]]:
    """Each cookie that these headers set: its value and its attributes."""
    made = {}
    for _, cookie in headers:
        pair, *attributes = cookie.split("; ")
        name, _, value = pair.partition("=")
        made[name] = value, set(attributes)
    return made


def signed_in() -> dict[str, tuple[str, set[str]]]:
    reply = cookies.reply_with_cookie(user.LOGIN, {
        "token": "abc", "expires_at": "2099-01-01T00:00:00+00:00", "user": {}})
    return cookies_set_by([header for header in reply.headers if header[0] == "Set-Cookie"])


def signed_out(status: int, token: str | None = "abc", method: Method = user.LOGOUT,
               wants_cookie: bool = True) -> dict[str, tuple[str, set[str]]]:
    request = Request("POST", method.path, "r1", token=token, wants_cookie=wants_cookie, method=method)
    return cookies_set_by(cookies.sign_out_cookies(request, Reply(status, b"", [])))


def test_outside_local_use_the_cookie_is_for_tls_and_this_host_alone() -> None:
    with nameko.config.patch({"environment": "production"}):
        [(name, (value, attributes))] = signed_in().items()
    assert (name, value) == ("__Host-marquee", "abc")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= attributes
    assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_in_local_use_the_cookie_needs_no_tls(local: None) -> None:
    [(name, (_, attributes))] = signed_in().items()
    assert name == "marquee"
    assert "Secure" not in attributes
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= attributes


def test_the_cookie_of_the_other_environment_does_not_count(environment: str) -> None:
    ours, theirs = ("marquee", "__Host-marquee") if environment == "local" else ("__Host-marquee", "marquee")
    assert cookies.token_of({**ASKS_FOR_COOKIE, "HTTP_COOKIE": f"{ours}=abc"}) == "abc"
    assert cookies.token_of({**ASKS_FOR_COOKIE, "HTTP_COOKIE": f"{theirs}=abc"}) is None
    assert cookies.token_of({"HTTP_COOKIE": f"{ours}=abc"}) is None


@pytest.mark.parametrize("status", [200, 400, 401, 405, 415, 500, 503, 504])
def test_every_reply_to_signing_out_deletes_the_cookie(environment: str, status: int) -> None:
    value, attributes = signed_out(status)["marquee" if environment == "local" else "__Host-marquee"]
    assert value == ""
    assert {"Max-Age=0", "Path=/"} <= attributes


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_token_that_could_not_be_ended_is_kept_for_signing_out_alone(environment: str, status: int) -> None:
    made = signed_out(status)
    name = "marquee-ending" if environment == "local" else "__Secure-marquee-ending"
    value, attributes = made[name]
    assert value == "abc"
    assert {"Path=/user/logout", "HttpOnly", "SameSite=Strict"} <= attributes
    assert ("Secure" in attributes) == (environment != "local")
    again = {**ASKS_FOR_COOKIE, "HTTP_COOKIE": f"{name}=abc"}
    assert cookies.token_of({**again, "PATH_INFO": "/user/logout"}) == "abc"
    assert cookies.token_of({**again, "PATH_INFO": "/order/get_list"}) is None


@pytest.mark.parametrize("status", [200, 401])
def test_a_token_that_has_ended_is_kept_in_no_cookie(local: None, status: int) -> None:
    assert [value for value, _ in signed_out(status).values()] == ["", ""]


def test_no_other_reply_sets_a_cookie(local: None) -> None:
    assert signed_out(503, method=user.GET_PROFILE) == {}
    assert signed_out(200, wants_cookie=False) == {}
    reply: Any = cookies.reply_with_cookie(user.GET_PROFILE, {"username": "ada"})
    assert not [header for header in reply.headers if header[0] == "Set-Cookie"]


@pytest.mark.parametrize("value", ["", "a b", "a;b", "ü", "a" * 201, "<b>", "a%20b", "a=b"])
def test_a_cookie_that_holds_no_token_does_not_count(local: None, value: str) -> None:
    token = cookies.token_of({**ASKS_FOR_COOKIE, "HTTP_COOKIE": f"theme=dark; marquee={value}"})
    assert token is None or (value, token) == ("a;b", "a")


def test_a_token_is_found_among_other_cookies(local: None) -> None:
    for others in ("a=1; marquee=abc; b=2", "marquee=abc;b=2", "marquee2=x;  marquee=abc", 'b="x;y"; marquee=abc'):
        assert cookies.token_of({**ASKS_FOR_COOKIE, "HTTP_COOKIE": others}) == "abc"


@pytest.mark.parametrize(("header", "name"), [
    ("ada.l-1", "ada.l-1"), ("%E7%8E%8B%E4%BC%9F", "王伟"), ("%zz", "%zz"), ("%ff", "\ufffd"), ("", None)])
def test_a_page_escapes_the_username_that_it_shows(header: str, name: str | None) -> None:
    assert cookies.expected_user({**ASKS_FOR_COOKIE, "HTTP_X_SESSION_USER": header}) == name


@pytest.mark.parametrize(("method", "token", "given", "sent"), [
    (user.OPEN_ORDER, "abc", {"same_guest": True}, {"guest_token": "abc", "same_guest": True}),
    (user.SEND_ORDER_LINK, "abc", {}, {}),
    (user.LOGIN, "abc", {}, {"guest_token": "abc"}), (user.REGISTER, "abc", {}, {"guest_token": "abc"}),
    (user.LOGIN, "abc", {"guest_token": "own"}, {"guest_token": "own"}), (user.LOGIN, None, {}, {}),
    (user.LOGIN, "no token of ours", {}, {}), (user.LOGIN, "a" * 201, {}, {}), (user.LOGOUT, "abc", {}, {}),
])
def test_whoever_signs_in_brings_the_token_of_the_call_along_which_may_be_a_guests(
    local: None, method: Method, token: str | None, given: dict[str, str], sent: dict[str, str],
) -> None:
    request = Request("POST", method.path, "r1", token=token, fields=given)
    assert cookies.fields_with_tokens(method, request) == sent

"""The head of a request: its token, its id and the encodings that the client takes."""

from typing import Any

import nameko
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.caches.cached_response import CachedResponse
from gateway.http import request_reader
from gateway.http.messages import Request
from gateway.routes import sandbox_page


def head(**headers: str) -> Request:
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": "/order/buy",
                               **{f"HTTP_{name}": value for name, value in headers.items()}}
    return request_reader.read_head(environ)


@pytest.mark.parametrize(("given", "token"), [
    ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER   a-b_c.d~e+f/g=", "a-b_c.d~e+f/g="), ("Bearer", None),
    ("Bearer ", None), ("abc", None), ("Basic abc", None), ("Bearer a b", None), ("Bearer a\nb", None),
    ("Bearer abc\n", None), ("Bearer ü", None), ("Bearer " + "a" * 201, None), ("Bearer abc,Bearer def", None),
    ("", None),
])
def test_a_token_is_sent_as_a_bearer(given: str, token: str | None) -> None:
    assert head(AUTHORIZATION=given).token == token


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, "ü", "x\n", 'quote"', "<b>", "{}"])
def test_an_odd_request_id_is_replaced(given: str) -> None:
    made = head(X_REQUEST_ID=given).request_id
    assert made != given
    assert request_reader.REQUEST_ID.match(made)


def test_a_plain_request_id_is_kept() -> None:
    assert head(X_REQUEST_ID="till-7.2026_A").request_id == "till-7.2026_A"


@pytest.mark.parametrize(("accepted", "codings"), [
    ("", ""), ("gzip", "gzip"), ("gzip, deflate, br", "br gzip"), ("br;q=1, gzip;q=0.5", "br gzip"), ("identity", ""),
    ("gzip;q=0", ""), ("gzip; q=0.0, identity", ""), ("deflate", ""), ("br;q=0, gzip", "gzip"), ("Br", "br"),
    ("x-gzip", "gzip"), ("GZIP", "gzip"), ("*", ""), ("gzipped", ""), ("brotli", ""),
    ("gzip;q=0,x-gzip", "gzip"),
])
def test_a_coding_is_for_clients_that_name_it(accepted: str, codings: str) -> None:
    assert " ".join(sorted(head(ACCEPT_ENCODING=accepted).codings)) == codings


@pytest.mark.parametrize(("accepted", "page"), [
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True), ("text/html; charset=utf-8", True),
    ("application/json, Text/HTML;q=0.5", True), ("*/*", False), ("", False), ("application/json", False),
    ("text/*", False), ("text/html;q=0", False), ("text/html5", False),
])
def test_a_page_is_for_clients_that_name_html(accepted: str, page: bool) -> None:
    """A program that takes anything gets the API's answers."""
    assert head(ACCEPT=accepted).accepts_html is page


@pytest.mark.parametrize(("given", "known"), [
    ("curl/8.5.0", "curl/8.5.0"), ("", None), ("Kiosk (\xfcber)\t", "Kiosk (ber)"), ("x" * 300, "x" * 200)])
def test_a_user_agent_is_kept_as_far_as_it_is_plain_and_short(given: str, known: str | None) -> None:
    assert request_reader.user_agent({"HTTP_USER_AGENT": given}) == known


# Header values as WSGI decodes them: any bytes that strict reading of the head lets through.
VALUES = st.one_of(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=40),
                   st.text('";,=\\ */qWzx-0.5gzip\xfc\t', max_size=40))


@for_all(VALUES)
def test_no_header_value_is_an_error_of_the_gateway(value: str) -> None:
    with nameko.config.patch({"environment": "local"}):
        request = head(ACCEPT=value, ACCEPT_ENCODING=value, AUTHORIZATION=value, X_REQUEST_ID=value,
                       X_SESSION="cookie", COOKIE=value, IF_NONE_MATCH=value,
                       X_SESSION_USER=value, USER_AGENT=value)
    assert CachedResponse([], b"body").reply(request).status in (200, 304)
    assert len(request_reader.user_agent(request.environ) or "") <= 200
    assert isinstance(request_reader.content_type({"CONTENT_TYPE": value}), str)
    page = head(ACCEPT_LANGUAGE=value)
    page.verb = "GET"
    assert sandbox_page.read_call(page)[1]["language"] in ("en", "zh")

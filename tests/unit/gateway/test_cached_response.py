"""A cached response: its ETag, its gzip form, and the clients that have it already."""

import gzip

import pytest

from gateway.caches.cached_response import CachedResponse
from gateway.http.messages import Reply, Request
from gateway.replies import JSON_HEADERS

MAP = b'{"seats":' + b"[1]" * 500 + b"}"
PLAIN = Request("GET", "/", "r")


def response(body: bytes = MAP) -> CachedResponse:
    return CachedResponse(JSON_HEADERS, body)


def headers(reply: Reply) -> dict[str, str]:
    return dict(reply.headers)


def test_a_client_must_ask_whether_its_copy_is_current() -> None:
    reply = response().reply(PLAIN)
    assert (reply.status, reply.body) == (200, MAP)
    assert "must-revalidate" in headers(reply)["Cache-Control"]


@pytest.mark.parametrize("if_none_match", ["{}", '"other", {}', "*", "W/{}", '"other" , W/{}'])
def test_a_client_that_has_the_body_gets_304(if_none_match: str) -> None:
    etag = headers(response().reply(PLAIN))["ETag"]
    again = response().reply(Request("GET", "/", "r", if_none_match=if_none_match.format(etag)))
    assert (again.status, again.body) == (304, b"")
    assert headers(again)["ETag"] == etag


@pytest.mark.parametrize("if_none_match", ['"other"', 'W/"other", "another"', "", ","])
def test_a_client_that_has_another_body_gets_200(if_none_match: str) -> None:
    assert response().reply(Request("GET", "/", "r", if_none_match=if_none_match)).status == 200


def test_every_body_has_an_etag_of_its_own() -> None:
    assert len({headers(response(body).reply(PLAIN))["ETag"] for body in (b"1", b"2", b"3")}) == 3


def test_a_long_body_is_zipped_for_clients_that_take_gzip_and_caches_hear_of_it() -> None:
    zipped = response().reply(Request("GET", "/", "r", accepts_gzip=True))
    assert headers(zipped)["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == MAP
    assert headers(zipped)["Vary"] == headers(response().reply(PLAIN))["Vary"] == "Accept-Encoding"


def test_the_zipped_body_is_revalidated_under_its_own_etag() -> None:
    etag = headers(response().reply(Request("GET", "/", "r", accepts_gzip=True)))["ETag"]
    assert etag != headers(response().reply(PLAIN))["ETag"]
    again = response().reply(Request("GET", "/", "r", accepts_gzip=True, if_none_match=etag))
    assert again.status == 304
    assert headers(again)["ETag"] == etag, "or a cache would not know which of its copies is meant"


def test_a_short_body_is_not_zipped() -> None:
    assert "Content-Encoding" not in headers(response(b"{}").reply(Request("GET", "/", "r", accepts_gzip=True)))

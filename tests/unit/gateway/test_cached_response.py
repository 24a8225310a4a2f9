"""A cached response: its ETag, its shorter forms, and the clients that have it already."""

import gzip
from dataclasses import replace

import brotli
import pytest

from gateway.caches.cached_response import BROTLI, GZIP, CachedResponse
from gateway.http.messages import Reply, Request
from gateway.replies import JSON_HEADERS

MAP = b'{"seats":' + b"[1]" * 500 + b"}"
PLAIN = Request("GET", "/", "r")
ZIPPED = Request("GET", "/", "r", codings=frozenset({"gzip"}))
BOTH = Request("GET", "/", "r", codings=frozenset({"gzip", "br"}))


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
    zipped = response().reply(ZIPPED)
    assert headers(zipped)["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == MAP
    assert headers(zipped)["Vary"] == headers(response().reply(PLAIN))["Vary"] == "Accept-Encoding"


def test_the_zipped_body_is_revalidated_under_its_own_etag() -> None:
    etag = headers(response().reply(ZIPPED))["ETag"]
    assert etag != headers(response().reply(PLAIN))["ETag"]
    again = response().reply(replace(ZIPPED, if_none_match=etag))
    assert again.status == 304
    assert headers(again)["ETag"] == etag, "or a cache would not know which of its copies is meant"


def test_a_short_body_is_not_zipped() -> None:
    assert "Content-Encoding" not in headers(response(b"{}").reply(ZIPPED))


def test_each_client_gets_the_first_coding_that_it_takes() -> None:
    file = CachedResponse(JSON_HEADERS, MAP, (BROTLI, GZIP))
    coded = file.reply(BOTH)
    assert headers(coded)["Content-Encoding"] == "br"
    assert brotli.decompress(coded.body) == MAP
    assert headers(file.reply(ZIPPED))["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in headers(file.reply(PLAIN))
    assert headers(response().reply(BOTH))["Content-Encoding"] == "gzip", "what changes often has no other"


def test_each_coding_has_an_etag_of_its_own_and_all_name_the_body() -> None:
    file = CachedResponse(JSON_HEADERS, MAP, (BROTLI, GZIP))
    etags = {headers(file.reply(client))["ETag"] for client in (PLAIN, ZIPPED, BOTH)}
    assert len(etags) == 3
    assert {file.reply(replace(ZIPPED, if_none_match=etag)).status for etag in etags} == {304}

"""The fields of a call, read strictly from the query string or the JSON body."""

import io
import json
from functools import partial
from typing import Any

import pytest

from gateway.http import request_reader
from gateway.routes.method_fields import read_fields
from gateway.routes.methods import PUBLIC
from schemas import film, order, user
from schemas.base import Method
from schemas.errors import Malformed, Unauthenticated
from schemas.gateway import NotJson, SecretInAddress, TooLarge

LIMIT = 65536


def environ(verb: str = "POST", body: bytes | None = None, query: str = "", kind: str = "application/json",
            **headers: str) -> dict[str, Any]:
    made = {"REQUEST_METHOD": verb, "PATH_INFO": "/order/buy", "QUERY_STRING": query, "CONTENT_TYPE": kind,
            "wsgi.input": io.BytesIO(body or b""), **{f"HTTP_{name}": value for name, value in headers.items()}}
    if body is not None:
        made["CONTENT_LENGTH"] = str(len(body))
    return made


def fields(made: dict[str, Any], method: Any = order.BUY) -> dict[str, Any]:
    request = request_reader.read_head(made)
    request.read_body = partial(request_reader.read_body, made, LIMIT, 5)
    return read_fields(method, request)


def posted(body: bytes, kind: str = "application/json") -> dict[str, Any]:
    return fields(environ(body=body, kind=kind))


def test_the_fields_of_a_json_object_are_taken_as_they_are() -> None:
    sent = {"screening_id": "s1", "seats": ["F7", "F8"], "title": "花样年华", "none": None, "deep": [{"a": [1, 2.5]}]}
    assert posted(json.dumps(sent).encode()) == sent
    assert posted(json.dumps(sent, ensure_ascii=False).encode(), "Application/JSON; charset=utf-8") == sent


def test_an_empty_body_has_no_fields() -> None:
    assert posted(b"") == {}
    assert fields(environ(body=None, kind="text/plain")) == {}


@pytest.mark.parametrize("body", [
    b"[]", b"1", b'"text"', b"null", b"true", b"{", b'{"a":}', b'{"a":1,}', b"{'a':1}", b"{} {}", b" ", b"\xff\xfe{}",
    b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":"\\ud800"}', b'{"\\udc00":1}',
    b'{"a":"\xed\xa0\x80"}', b'{"a":01}', b'{"a":"\x01"}', b"\xef\xbb\xbf{}",
])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        posted(body)


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":[{"b":1,"b":2}]}',
                                  b'{"a":1,"\\u0061":2}'])
def test_a_field_given_twice_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        posted(body)


def test_an_enormous_number_is_refused_or_becomes_a_double() -> None:
    """Every number that is taken can be written as JSON again."""
    for number in (b"9" * 60_000, b"9" * 309, b"-" + b"9" * 309):
        with pytest.raises(Malformed):
            posted(b'{"a":' + number + b"}")
    for number, meant in ((b"123456789012345678901234567890", 1.2345678901234568e29), (b"-9" + b"9" * 30, -1e31),
                          (b"18446744073709551615", 2**64 - 1)):
        read = posted(b'{"a":' + number + b"}")
        assert read == {"a": meant}
        json.dumps(read, allow_nan=False)


def test_a_body_that_is_nested_too_deeply_is_refused() -> None:
    assert posted(b'{"a":' * 10 + b"1" + b"}" * 10)
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        for deep in (30, 2000, 10_000):
            with pytest.raises(Malformed):
                posted(b'{"a":' + opening * deep + b"1" + closing * deep + b"}")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "text/json",
                                  "multipart/form-data; boundary=x", "application/jsonp",
                                  "application/json, text/plain", "application/json2"])
def test_only_application_json_is_read(kind: str) -> None:
    with pytest.raises(NotJson):
        posted(b"{}", kind)


def test_a_type_tag_is_only_text() -> None:
    tagged = {"__type__": "datetime", "__value__": "zzz"}
    assert posted(json.dumps({"date": tagged}).encode()) == {"date": tagged}


def test_a_body_over_the_limit_is_refused_by_its_length_alone() -> None:
    made = environ(body=b"")
    made["CONTENT_LENGTH"] = str(LIMIT + 1)
    made["wsgi.input"] = None  # it is not read
    with pytest.raises(TooLarge) as refusal:
        fields(made)
    assert refusal.value.about == {"limit": LIMIT}


def test_a_body_of_exactly_the_limit_is_read() -> None:
    body = b'{"a":"' + b"x" * (LIMIT - 8) + b'"}'
    assert len(body) == LIMIT
    assert posted(body)


def test_a_body_that_breaks_off_is_refused() -> None:
    made = environ(body=b'{"a":1}')
    made["CONTENT_LENGTH"] = "8"
    with pytest.raises(Malformed):
        fields(made)


def test_a_query_string_is_read_strictly() -> None:
    def queried(query: str) -> dict[str, Any]:
        return fields(environ("GET", query=query), film.GET_INFO_LIST)

    assert queried("") == {}
    assert queried("title=%E8%8A%B1&city=&page=2") == {"title": "花", "city": "", "page": "2"}
    many = "&".join(f"a{n}=1" for n in range(60))
    for query in ("page=1&page=2", "page=1&p%61ge=2", "title=%ff", "title=%ED%A0%80", many):
        with pytest.raises(Malformed):
            queried(query)


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "a" * 256, "a\tb", "\x7f"])
def test_a_malformed_idempotency_key_is_refused(key: str) -> None:
    with pytest.raises(Malformed):
        fields(environ(body=b"{}", IDEMPOTENCY_KEY=key))


def test_an_idempotency_key_is_taken_by_keyed_methods_only() -> None:
    for method, expected in ((order.BUY, "k-1"), (user.LOGOUT, None)):
        made = environ(body=b"{}", IDEMPOTENCY_KEY="k-1")
        request = request_reader.read_head(made)
        request.read_body = partial(request_reader.read_body, made, LIMIT, 5)
        read_fields(method, request)
        assert request.idempotency_key == expected


SECRETS = [(method, name) for method in PUBLIC.values() for name in sorted(method.secret_fields)]


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize(("method", "name"), SECRETS, ids=[f"{method.path}-{name}" for method, name in SECRETS])
def test_no_method_takes_a_secret_from_the_address(method: Method, name: str, verb: str) -> None:
    for query in (f"{name}=hush-hush", f"a=1&%{ord(name[0]):x}{name[1:]}=hush-hush", f"{name}="):
        with pytest.raises(SecretInAddress) as refused:
            fields(environ(verb, b"{}" if verb == "POST" else None, query), method)
        assert "hush-hush" not in str(refused.value.about)


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_the_token_of_the_header_may_be_authorized(verb: str) -> None:
    assert fields(environ(verb, AUTHORIZATION="Bearer abc"), user.AUTHORIZE) == {"token": "abc"}
    assert fields(environ(body=b'{"token":"other"}', AUTHORIZATION="Bearer abc"), user.AUTHORIZE) == {"token": "other"}
    assert fields(environ(verb, AUTHORIZATION="Bearer abc"), user.GET_PROFILE) == {}


def test_a_get_without_a_token_authorizes_nobody() -> None:
    """A query string can't have one, so there is no field to ask for."""
    with pytest.raises(Unauthenticated):
        fields(environ("GET"), user.AUTHORIZE)
    assert fields(environ("POST"), user.AUTHORIZE) == {}

"""What a caller sent, read strictly; whatever is not right is refused in one sentence."""

import io
import json
from typing import Any

import pytest

from gateway import requests
from schemas import film, order, user
from schemas.errors import Malformed
from schemas.gateway import MethodNotAllowed, NotJson, TooLarge

LIMIT = 65536


class Connection:
    """Takes note of being told that a body is chunked."""

    def bound_body(self, limit: int) -> None:
        self.limit = limit


def environ(verb: str = "POST", body: bytes | None = None, query: str = "", kind: str = "application/json",
            **headers: str) -> dict[str, Any]:
    made = {"REQUEST_METHOD": verb, "PATH_INFO": "/order/buy", "QUERY_STRING": query, "CONTENT_TYPE": kind,
            "marquee.connection": Connection(), "wsgi.input": io.BytesIO(body or b""),
            **{f"HTTP_{name}": value for name, value in headers.items()}}
    if body is not None:
        made["CONTENT_LENGTH"] = str(len(body))
    return made


def fields(made: dict[str, Any], method: Any = order.BUY) -> dict[str, Any]:
    return requests.read_fields(made, requests.read_head(made), method, LIMIT, 5)


def posted(body: bytes, kind: str = "application/json") -> dict[str, Any]:
    return fields(environ(body=body, kind=kind))


def test_a_json_object_is_taken_as_it_is() -> None:
    sent = {"screening_id": "s1", "seats": ["F7", "F8"], "title": "花样年华", "none": None, "deep": [{"a": [1, 2.5]}]}
    assert posted(json.dumps(sent).encode()) == sent
    assert posted(json.dumps(sent, ensure_ascii=False).encode(), "Application/JSON; charset=utf-8") == sent


def test_an_empty_body_means_no_fields() -> None:
    assert posted(b"") == {}
    assert fields(environ(body=None, kind="text/plain")) == {}


@pytest.mark.parametrize("body", [
    b"[]", b"1", b'"text"', b"null", b"true", b"{", b'{"a":}', b'{"a":1,}', b"{'a':1}", b"{} {}", b" ", b"\xff\xfe{}",
    b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":"\\ud800"}', b'{"\\udc00":1}',
    b'{"a":"\xed\xa0\x80"}', b'{"a":01}', b'{"a":"\x01"}', b"\xef\xbb\xbf{}",
])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        posted(body)


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":[{"b":1,"b":2}]}',
                                  b'{"a":1,"\\u0061":2}'])
def test_a_field_given_twice_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        posted(body)


def test_an_enormous_number_can_do_no_harm() -> None:
    """What is no double is refused; the rest is one, or a whole number, and JSON again for whoever gets it."""
    for number in (b"9" * 60_000, b"9" * 309, b"-" + b"9" * 309):
        with pytest.raises(Malformed):
            posted(b'{"a":' + number + b"}")
    for number, meant in ((b"123456789012345678901234567890", 1.2345678901234568e29), (b"-9" + b"9" * 30, -1e31),
                          (b"18446744073709551615", 2**64 - 1)):
        read = posted(b'{"a":' + number + b"}")
        assert read == {"a": meant}
        json.dumps(read, allow_nan=False)


def test_nesting_ends_somewhere() -> None:
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
    made["wsgi.input"] = None  # nobody reads it
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


def test_a_query_string_is_read_once_and_strictly() -> None:
    def asked(query: str) -> dict[str, Any]:
        return fields(environ("GET", query=query), film.GET_INFO_LIST)

    assert asked("") == {}
    assert asked("title=%E8%8A%B1&city=&page=2") == {"title": "花", "city": "", "page": "2"}
    many = "&".join(f"a{n}=1" for n in range(60))
    for query in ("page=1&page=2", "page=1&p%61ge=2", "title=%ff", "title=%ED%A0%80", many):
        with pytest.raises(Malformed):
            asked(query)


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "post", "BREW"])
def test_a_write_takes_post_alone(verb: str) -> None:
    with pytest.raises(MethodNotAllowed) as refusal:
        fields(environ(verb))
    assert refusal.value.about == {"allowed": ["POST"]}


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH", "TRACE", "get"])
def test_a_read_takes_get_head_and_post(verb: str) -> None:
    with pytest.raises(MethodNotAllowed) as refusal:
        fields(environ(verb), film.GET_ALL_LIST)
    assert refusal.value.about == {"allowed": ["GET", "HEAD", "POST"]}


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "a" * 256, "a\tb", "\x7f"])
def test_a_key_that_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(Malformed):
        fields(environ(body=b"{}", IDEMPOTENCY_KEY=key))


def test_a_key_is_taken_where_a_method_takes_one() -> None:
    for method, expected in ((order.BUY, "k-1"), (user.LOGOUT, None)):
        made = environ(body=b"{}", IDEMPOTENCY_KEY="k-1")
        head = requests.read_head(made)
        requests.read_fields(made, head, method, LIMIT, 5)
        assert head.idempotency_key == expected


@pytest.mark.parametrize(("given", "token"), [
    ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER   a-b_c.d~e+f/g=", "a-b_c.d~e+f/g="), ("Bearer", None),
    ("Bearer ", None), ("abc", None), ("Basic abc", None), ("Bearer a b", None), ("Bearer a\nb", None),
    ("Bearer abc\n", None), ("Bearer ü", None), ("Bearer " + "a" * 201, None), ("Bearer abc,Bearer def", None),
    ("", None),
])
def test_a_token_comes_as_a_bearer(given: str, token: str | None) -> None:
    assert requests.read_head(environ(AUTHORIZATION=given)).token == token


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, "ü", "x\n", 'quote"', "<b>", "{}"])
def test_an_odd_request_id_is_replaced(given: str) -> None:
    made = requests.read_head(environ(X_REQUEST_ID=given)).request_id
    assert made != given
    assert requests.REQUEST_ID.match(made)


def test_a_good_request_id_is_kept() -> None:
    assert requests.read_head(environ(X_REQUEST_ID="till-7.2026_A")).request_id == "till-7.2026_A"


@pytest.mark.parametrize(("accepted", "zips"), [
    ("", False), ("gzip", True), ("gzip, deflate, br", True), ("br;q=1, gzip;q=0.5", True), ("identity", False),
    ("gzip;q=0", False), ("gzip; q=0.0, identity", False), ("deflate", False),
])
def test_gzip_is_for_those_who_take_it(accepted: str, zips: bool) -> None:
    assert requests.read_head(environ(ACCEPT_ENCODING=accepted)).gzip is zips

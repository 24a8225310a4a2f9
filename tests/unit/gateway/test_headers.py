"""Strict reading of request lines and header fields: no request leaves it open where it ends."""

import pytest

from gateway.http.headers import RequestHeaders, path_of, read_request_line
from gateway.routes import methods
from schemas.errors import Malformed


def headers(*lines: bytes, version: str = "HTTP/1.1") -> RequestHeaders:
    made = RequestHeaders()
    for line in lines:
        made.add(line + b"\r\n")
    made.check(version)
    return made


@pytest.mark.parametrize(("line", "expected"), [
    (b"GET /film/get_all_list HTTP/1.1\r\n", ("GET", "/film/get_all_list", "HTTP/1.1")),
    (b"POST /order/buy?a=%20b HTTP/1.0\r\n", ("POST", "/order/buy?a=%20b", "HTTP/1.0")),
    (b"GET http://cinema.example:8000/docs HTTP/1.1\r\n", ("GET", "/docs", "HTTP/1.1")),
    (b"PROPFIND / HTTP/1.1\n", ("PROPFIND", "/", "HTTP/1.1")),
    ("GET /film/get_info_list?title=虎 HTTP/1.1\r\n".encode(), ("GET", "/film/get_info_list?title=虎", "HTTP/1.1")),
])
def test_a_request_line_has_a_verb_an_address_and_a_version(line: bytes, expected: tuple[str, str, str]) -> None:
    assert read_request_line(line) == expected


@pytest.mark.parametrize("line", [
    b"", b"\r\n", b"GET /docs\r\n", b"GET  /docs HTTP/1.1\r\n", b"GET /do cs HTTP/1.1\r\n", b"get /docs HTTP/1.1\r\n",
    b"GET docs HTTP/1.1\r\n", b"GET /docs HTTP/2.0\r\n", b"GET /docs HTTP/1.1", b"GET /\x00 HTTP/1.1\r\n",
    b"GET /\xc3\xa9 HTTP/1.1\r\n", b"GET /?\xff HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\n", b"GET /docs HTTP/1.1\r\r\n",
])
def test_a_malformed_request_line_is_refused(line: bytes) -> None:
    with pytest.raises(Malformed):
        read_request_line(line)


@pytest.mark.parametrize(("sent", "expected"), [
    ("/order/buy", "/order/buy"), ("/order/get%5Flist", "/order/get_list"), ("/%6Frder/buy%2e", "/order/buy."),
    ("/%7E%2D%2d%39%5a", "/~--9Z"),
])
def test_an_escaped_unreserved_character_is_that_character(sent: str, expected: str) -> None:
    assert path_of(sent) == expected


@pytest.mark.parametrize("escape", [f"%{code:02X}" for code in range(256)
                                    if not (chr(code).isascii() and (chr(code).isalnum() or chr(code) in "-._~"))])
def test_any_other_escape_stays_an_escape_and_is_no_separator(escape: str) -> None:
    for written in (escape, escape.lower()):
        path = path_of(f"/kitchen{written}get_queue")
        assert path == f"/kitchen{written}get_queue"
        assert methods.find(path) is None
        assert methods.find(path_of(f"{written}kitchen/get_queue{written}")) is None


@pytest.mark.parametrize("odd", ["/order/buy%", "/order/buy%2", "/order%zz/buy", "/order/%252Fbuy"])
def test_a_broken_escape_is_left_as_it_is(odd: str) -> None:
    assert methods.find(path_of(odd)) is None


def test_header_names_are_found_in_any_case_and_values_are_stripped() -> None:
    made = headers(b"Host: x", b"X-REQUEST-ID: \t abc \t", b"X-Empty:")
    assert made.get("x-request-id") == "abc"
    assert made.get("X-Empty") == ""
    assert made.get("accept") is None


@pytest.mark.parametrize("line", [
    b"Content-Length : 5", b" folded", b"\tfolded", b"no colon", b": no name", b"A\x00B: c", b"A: b\x00c", b"A: b\rc",
])
def test_a_header_line_that_a_proxy_might_read_differently_is_refused(line: bytes) -> None:
    with pytest.raises(Malformed):
        headers(b"Host: x", line)


@pytest.mark.parametrize("length", [b"", b"+5", b"-5", b"5,5", b"0x5", b"1_0", b"5 5", b"9" * 16, "٥".encode()])
def test_a_content_length_that_is_no_plain_number_is_refused(length: bytes) -> None:
    with pytest.raises(Malformed):
        headers(b"Host: x", b"Content-Length: " + length)


@pytest.mark.parametrize("name", [b"Host", b"Content-Length", b"Transfer-Encoding", b"Authorization",
                                  b"idempotency-key"])
def test_a_single_header_given_twice_is_refused(name: bytes) -> None:
    with pytest.raises(Malformed):
        headers(b"Host: x" if name != b"Host" else b"A: b", name + b": 2", name.lower() + b": 2")


@pytest.mark.parametrize("coding", [b"gzip", b"gzip, chunked", b"chunked, chunked", b"identity", b""])
def test_a_transfer_encoding_other_than_chunked_is_refused(coding: bytes) -> None:
    with pytest.raises(Malformed):
        headers(b"Host: x", b"Transfer-Encoding: " + coding)


def test_a_body_has_one_kind_of_length_only() -> None:
    headers(b"Host: x", b"Transfer-Encoding: Chunked")
    with pytest.raises(Malformed):
        headers(b"Host: x", b"Transfer-Encoding: chunked", b"Content-Length: 3")
    with pytest.raises(Malformed):
        headers(b"Host: x", b"Transfer-Encoding: chunked", version="HTTP/1.0")


def test_a_request_of_http_1_1_names_its_host() -> None:
    headers(version="HTTP/1.0")
    with pytest.raises(Malformed):
        headers()

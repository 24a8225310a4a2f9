"""Strict reading of chunked bodies."""

import io

import pytest

from gateway.http.chunked_body import ChunkedBody


def body(sent: bytes) -> ChunkedBody:
    return ChunkedBody(io.BytesIO(sent), None, None, chunked_input=True)


def test_the_chunks_are_put_together() -> None:
    read = body(b"3\r\n{\"a\r\n3;note=1\r\n\":1\r\n1 \r\n}\r\n0\r\n\r\nGET /next")
    assert read.read(100) == b'{"a":1}'
    assert read.chunk_length == 0, "nothing of it is left unread"
    assert read.rfile.read() == b"GET /next"


def test_reading_after_the_last_chunk_leaves_the_next_request_unread() -> None:
    read = body(b"2\r\n{}\r\n0\r\n\r\nGET /next")
    assert read.read(100) == b"{}"
    assert read.read(100) == b""
    read.discard()
    assert read.rfile.read() == b"GET /next"


@pytest.mark.parametrize("sent", [
    b"zz\r\n", b"-5\r\nabc\r\n0\r\n\r\n", b"0x3\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n",
    b"3\r\nab\r\n0\r\n\r\n", b"3\nabc\r\n", b"", b"3\r\nabc", b"3\r\nabc\r\n", b"1" * 300,
    b"0\r\nTrailer: x\r\n\r\n", b"123456789\r\n",
])
def test_malformed_chunks_are_refused_and_end_the_connection(sent: bytes) -> None:
    read = body(sent)
    with pytest.raises(ValueError, match="chunk"):
        read.read(100)
    assert read.chunk_length != 0, "the rest could be taken for a request"


def test_a_body_is_read_up_to_the_given_length() -> None:
    for sent in (b"ffffffff\r\n" + b"x" * 500, b"32\r\n" + b"x" * 50 + b"\r\n" + b"64\r\n" + b"x" * 100 + b"\r\n"):
        read = body(sent)
        assert read.read(101) == b"x" * 101
        assert read.chunk_length != 0

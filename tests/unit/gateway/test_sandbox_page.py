"""The address of the sandbox's page carries language and theme, and its form leads back to it."""

import orjson
import pytest

from gateway.http.messages import Reply, Request
from gateway.routes.sandbox_page import html_reply, read_call
from schemas import payment

PAGE = Reply(200, orjson.dumps({"html": "<p>", "location": None, "return_origin": None}), [])


def request(verb: str, query: str = "", accepted: str = "") -> Request:
    return Request(verb, "/payment/sandbox/p1", "r", parameter="p1", read_body=lambda: b"choice=challenge", environ={
        "QUERY_STRING": query, "HTTP_ACCEPT_LANGUAGE": accepted, "CONTENT_TYPE": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize(("query", "accepted", "fields"), [
    ("language=zh&theme=light", "en", {"language": "zh", "theme": "light"}),
    ("language=tlh&theme=neon", "zh-CN,zh;q=0.9", {"language": "zh"}), ("", "", {"language": "en"})])
def test_the_page_has_the_language_and_theme_of_the_buyer(query: str, accepted: str, fields: dict[str, str]) -> None:
    assert read_call(request("GET", query, accepted)) == (payment.SHOW_PAGE, {"payment_id": "p1", **fields})
    assert read_call(request("POST", query, accepted)) == (
        payment.ANSWER_PAGE, {"payment_id": "p1", "choice": "challenge", **fields})


def test_a_form_leads_to_the_page_that_is_next_and_back_sends_nothing_again() -> None:
    sent = html_reply(request("POST", "language=zh&theme=light&x=%0d%0aSet-Cookie:a"), PAGE)
    assert (sent.status, dict(sent.headers)["Location"]) == (303, "/payment/sandbox/p1?language=zh&theme=light")
    assert html_reply(request("GET"), PAGE).status == 200

"""Refusals as HTTP."""

import json
from typing import Any

import pytest

from gateway import replies
from schemas import catalogue, errors, film, gateway, order, payment, user
from schemas.errors import Refusal

STATUS = {"Invalid": 422, "Unauthenticated": 401, "Forbidden": 403, "NotFound": 404, "Conflict": 409, "Busy": 503}
OWN_STATUS = {errors.Malformed: 400, errors.TooOften: 429, errors.RoomSilent: 504, gateway.MethodNotAllowed: 405,
              gateway.TooSlow: 408, gateway.TooLarge: 413, gateway.NotJson: 415, gateway.InternalError: 500,
              payment.WebhookRefused: 400}
STANDARD = {"type", "title", "status", "code", "request_id"}


def told(refusal: Refusal) -> tuple[int, dict[str, Any], dict[str, str]]:
    reply = replies.problem(refusal, "r-1")
    return reply.status, json.loads(reply.body), dict(reply.headers)


@pytest.mark.parametrize("kind", catalogue.refusals().values(), ids=lambda kind: kind.code)
def test_every_refusal_has_the_status_of_its_kind(kind: type[Refusal]) -> None:
    status, body, headers = told(kind())
    assert status == OWN_STATUS.get(kind, STATUS[kind.kind()])
    assert body == {"type": f"/docs#{kind.code}", "title": kind.meaning(), "status": status, "code": kind.code,
                    "request_id": "r-1"}
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("WWW-Authenticate" in headers) == (status == 401)
    assert ("Retry-After" in headers) == (status in (429, 503))


def test_what_it_is_about_stands_beside_and_never_in_place_of_the_standard_members() -> None:
    _, body, _ = told(order.SeatsTaken({**dict.fromkeys(STANDARD, "forged"), "seats": ["F8"]}))
    assert body["seats"] == ["F8"]
    assert "forged" not in body.values()


@pytest.mark.parametrize(("seconds", "header"), [(7, "7"), (0.2, "1"), (12.5, "13")])
def test_retry_after_is_in_whole_seconds(seconds: float, header: str) -> None:
    assert told(errors.TooOften(retry_after=seconds))[2]["Retry-After"] == header
    assert told(errors.RequestInProgress(retry_after=seconds))[2]["Retry-After"] == header


def test_a_wrong_verb_is_told_the_right_ones() -> None:
    assert told(gateway.MethodNotAllowed(allowed=["GET", "HEAD"]))[2]["Allow"] == "GET, HEAD"


def test_wrong_passwords_and_missing_tokens_ask_for_a_bearer() -> None:
    for refusal in (errors.Unauthenticated(), user.LoginFailed()):
        assert told(refusal)[2]["WWW-Authenticate"] == "Bearer"


def test_an_answer_is_for_its_caller_only() -> None:
    reply = replies.result({"title": "花样年华"})
    assert json.loads(reply.body) == {"title": "花样年华"}
    assert dict(reply.headers)["Cache-Control"] == "no-store"


def test_what_we_did_wrong_is_not_explained() -> None:
    status, body, _ = told(gateway.InternalError())
    assert status == 500
    assert set(body) == STANDARD


def test_a_room_that_is_busy_counting_says_when_to_come_back() -> None:
    assert told(film.SeatsUnknown(retry_after=2))[2]["Retry-After"] == "2"

"""Refusals as HTTP."""

import json
from typing import Any

import pytest

from gateway import replies
from schemas import catalogue, errors, film, gateway, order, payment, user
from schemas.errors import Refusal
from schemas.order.refusals import HoldsPaused

STATUS = {"Invalid": 422, "Unauthenticated": 401, "Forbidden": 403, "NotFound": 404, "Conflict": 409, "Busy": 503}
OWN_STATUS = {errors.Malformed: 400, errors.TooOften: 429, errors.RoomSilent: 504, gateway.MethodNotAllowed: 405,
              gateway.TooSlow: 408, gateway.TooLarge: 413, gateway.NotJson: 415, gateway.InternalError: 500,
              payment.WebhookRefused: 400, gateway.SecretInAddress: 400, gateway.TooManyConnections: 429,
              gateway.TooManyStreams: 429, gateway.TooManyRequests: 429, gateway.ChallengeRequired: 428,
              HoldsPaused: 429}
STANDARD = {"type", "title", "status", "code", "request_id"}


def reply(refusal: Refusal) -> tuple[int, dict[str, Any], dict[str, str]]:
    problem = replies.problem(refusal, "r-1")
    return problem.status, json.loads(problem.body), dict(problem.headers)


@pytest.mark.parametrize("kind", catalogue.refusals().values(), ids=lambda kind: kind.code)
def test_every_refusal_has_the_status_of_its_kind(kind: type[Refusal]) -> None:
    status, body, headers = reply(kind())
    assert status == OWN_STATUS.get(kind, STATUS[kind.kind()])
    assert body == {"type": f"/docs#{kind.code}", "title": kind.meaning(), "status": status, "code": kind.code,
                    "request_id": "r-1"}
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("WWW-Authenticate" in headers) == (status == 401)
    assert ("Retry-After" in headers) == (status in (429, 503))


def test_the_facts_of_a_refusal_never_replace_the_standard_members() -> None:
    _, body, _ = reply(order.SeatsTaken({**dict.fromkeys({*STANDARD, "trace_id"}, "forged"), "seats": ["F8"]}))
    assert body["seats"] == ["F8"]
    assert "forged" not in body.values()


@pytest.mark.parametrize(("seconds", "header"), [(7, "7"), (0.2, "1"), (12.5, "13")])
def test_retry_after_is_in_whole_seconds(seconds: float, header: str) -> None:
    assert reply(errors.TooOften(retry_after=seconds))[2]["Retry-After"] == header
    assert reply(errors.RequestInProgress(retry_after=seconds))[2]["Retry-After"] == header


def test_a_wrong_verb_gets_the_allowed_ones() -> None:
    assert reply(gateway.MethodNotAllowed(allowed=["GET", "HEAD"]))[2]["Allow"] == "GET, HEAD"


def test_wrong_passwords_and_missing_tokens_ask_for_a_bearer_token() -> None:
    for refusal in (errors.Unauthenticated(), user.LoginFailed()):
        assert reply(refusal)[2]["WWW-Authenticate"] == "Bearer"


def test_a_result_is_stored_by_no_cache() -> None:
    result = replies.result({"title": "花样年华"})
    assert json.loads(result.body) == {"title": "花样年华"}
    assert dict(result.headers)["Cache-Control"] == "no-store"


def test_an_internal_error_is_not_explained() -> None:
    status, body, _ = reply(gateway.InternalError())
    assert status == 500
    assert set(body) == STANDARD


def test_a_busy_room_says_when_to_retry() -> None:
    assert reply(film.SeatsUnknown(retry_after=2))[2]["Retry-After"] == "2"

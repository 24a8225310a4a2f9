"""The login throttle slows down the guessing of passwords, and locks nobody out for good."""

import time
from types import SimpleNamespace

import pytest

from schemas.errors import TooOften
from services.user.throttle import LoginThrottle
from testbed.mesh import Mesh
from tests.integration.user.conftest import PASSWORD

FAILURES = 10


def guess(mesh: Mesh, username: str, times: int) -> list[int]:
    return [mesh.post("/user/login", username=username, password="wrong horse").status_code for _ in range(times)]


def test_the_right_password_has_to_wait_after_ten_failures(mesh: Mesh, ada: str) -> None:
    assert guess(mesh, ada, FAILURES) == [401] * FAILURES

    refused = mesh.post("/user/login", username=ada.upper(), password=PASSWORD)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
    assert 0 < refused.json()["retry_after"] <= 15 * 60
    assert refused.headers["Retry-After"] == str(refused.json()["retry_after"])


def test_a_refused_attempt_does_not_prolong_the_wait(mesh: Mesh, ada: str) -> None:
    guess(mesh, ada, FAILURES)

    waits = [mesh.post("/user/login", username=ada, password=PASSWORD).json()["retry_after"] for _ in range(5)]

    assert waits == sorted(waits, reverse=True)


def test_an_unknown_user_is_refused_alike(mesh: Mesh, name: str) -> None:
    assert guess(mesh, name, FAILURES + 1) == [401] * FAILURES + [429]


def test_other_users_sign_in_meanwhile(mesh: Mesh, ada: str, name: str) -> None:
    guess(mesh, name + "x", FAILURES + 1)

    assert mesh.post("/user/login", username=ada, password=PASSWORD).status_code == 200


def test_a_successful_sign_in_clears_the_failures(mesh: Mesh, ada: str) -> None:
    for _ in range(2):
        assert 429 not in guess(mesh, ada, FAILURES - 1)
        assert mesh.post("/user/login", username=ada, password=PASSWORD).status_code == 200


def test_the_wait_ends_with_its_window(settings: None, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    throttle = LoginThrottle()
    throttle.setup()
    for _ in range(FAILURES):
        throttle.count(name)
    with pytest.raises(TooOften) as refused:
        throttle.count(name)

    later = time.time() + refused.value.about["retry_after"]
    monkeypatch.setattr("limits.storage.redis.time", SimpleNamespace(time=lambda: later))
    throttle.count(name)

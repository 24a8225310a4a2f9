"""Wrong passwords keep waiting whoever tries them, and nobody else."""

from collections.abc import Callable

import nameko
import pytest
import requests

from schemas.errors import TooOften
from services.user.attempts.login_throttle import LoginThrottle, pause_after
from services.user.attempts.source import ANYWHERE, Source
from services.user.settings import load
from testbed.mesh import Mesh
from tests.drivers.addresses import client_at
from tests.integration.user.conftest import PASSWORD

at_full_size = pytest.mark.full_size("integration/user/test_login_throttle.py", "unit/user/test_login_throttle.py")

FAILURES = 10
ATTACKER, OWNER = "127.2.0.1", "127.2.0.2"


def sign_in(mesh: Mesh, username: str, address: str, password: str = PASSWORD, **fields: str) -> requests.Response:
    with client_at(address) as client:
        return client.post(mesh.url + "/user/login", timeout=60,
                           json={"username": username, "password": password, **fields})


def guess(mesh: Mesh, username: str, times: int) -> list[int]:
    return [sign_in(mesh, username, ATTACKER, "wrong horse").status_code for _ in range(times)]


@at_full_size
def test_the_right_password_has_to_wait_after_ten_failures_there(mesh: Mesh, ada: str) -> None:
    assert guess(mesh, ada, FAILURES) == [401] * FAILURES

    refused = sign_in(mesh, ada.upper(), ATTACKER)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
    assert 0 < refused.json()["retry_after"] <= 15
    assert refused.headers["Retry-After"] == str(refused.json()["retry_after"])
    assert refused.headers["RateLimit-Policy"] == '"sign_in";q=10;w=900'


def test_an_attacker_locks_out_nobody_but_himself(mesh: Mesh, ada: str) -> None:
    guess(mesh, ada, FAILURES + 3)
    assert sign_in(mesh, ada, ATTACKER).status_code == 429
    assert sign_in(mesh, ada, OWNER).status_code == 200


def test_a_device_that_has_signed_in_before_passes_at_the_same_address(mesh: Mesh, ada: str) -> None:
    device = sign_in(mesh, ada, ATTACKER).json()["device"]
    guess(mesh, ada, FAILURES + 1)
    assert sign_in(mesh, ada, ATTACKER).status_code == 429
    assert sign_in(mesh, ada, ATTACKER, device="not-" + device).status_code == 429
    passed = sign_in(mesh, ada, ATTACKER, device=device)
    assert (passed.status_code, passed.json()["device"]) == (200, device)


def test_a_device_has_a_limit_of_its_own(mesh: Mesh, ada: str) -> None:
    device = sign_in(mesh, ada, OWNER).json()["device"]
    tried = [sign_in(mesh, ada, OWNER, "wrong horse", device=device).status_code for _ in range(FAILURES + 1)]
    assert tried == [401] * FAILURES + [429]
    assert sign_in(mesh, ada, OWNER).status_code == 200


def test_a_browser_keeps_its_device_in_a_cookie_for_signing_in_alone(mesh: Mesh, ada: str) -> None:
    with client_at(ATTACKER) as browser:
        def enter(password: str) -> requests.Response:
            return browser.post(mesh.url + "/user/login", json={"username": ada, "password": password},
                                headers={"X-Session": "cookie"}, timeout=60)

        reply = enter(PASSWORD)
        assert reply.json().keys() == {"expires_at", "user"}
        [cookie] = [cookie for cookie in browser.cookies if cookie.name == "marquee-device"]
        assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == ("/user/login", True)
        guess(mesh, ada, FAILURES + 1)
        assert enter(PASSWORD).status_code == 200


def test_a_device_that_was_forgotten_gets_another_token(mesh: Mesh, ada: str) -> None:
    device = sign_in(mesh, ada, OWNER).json()["device"]
    assert sign_in(mesh, ada, OWNER, device=device).json()["device"] == device
    mesh.rows("user", "DELETE FROM device WHERE user_id = (SELECT user_id FROM user WHERE username = :u)", u=ada)
    assert sign_in(mesh, ada, OWNER, device=device).json()["device"] != device


@at_full_size
def test_an_account_has_at_most_twenty_devices(mesh: Mesh, ada: str) -> None:
    [first, *others] = [sign_in(mesh, ada, OWNER).json()["device"] for _ in range(21)]
    [row] = mesh.rows("user", "SELECT COUNT(*) FROM device JOIN user USING (user_id) WHERE username = :u", u=ada)
    assert row[0] == 20
    assert sign_in(mesh, ada, OWNER, device=others[-1]).json()["device"] == others[-1]


def test_one_device_serves_several_accounts(mesh: Mesh, ada: str) -> None:
    grace = "Grace." + ada[-12:]
    mesh.post("/user/register", username=grace, password=PASSWORD)
    device = sign_in(mesh, ada, OWNER).json()["device"]
    assert sign_in(mesh, grace, OWNER, device=device).json()["device"] == device
    assert sign_in(mesh, ada, OWNER, device=device).json()["device"] == device


def test_an_unknown_user_is_refused_alike(mesh: Mesh, name: str) -> None:
    assert guess(mesh, name, FAILURES + 1) == [401] * FAILURES + [429]


@at_full_size
def test_a_successful_sign_in_clears_the_failures(mesh: Mesh, ada: str) -> None:
    for _ in range(2):
        assert 429 not in guess(mesh, ada, FAILURES - 1)
        assert sign_in(mesh, ada, ATTACKER).status_code == 200


@pytest.fixture
def wait_of(settings: None, name: str) -> Callable[[Source], int]:
    throttle = LoginThrottle()
    throttle.setup()

    def wait(source: Source) -> int:
        try:
            throttle.count(name, source)
        except TooOften as refused:
            return int(refused.about["retry_after"])
        return 0

    return wait


def test_redis_has_the_rule_that_a_process_has_without_it(mesh: Mesh, wait_of: Callable[[Source], int],
                                                          settings: None) -> None:
    known, waits = set(mesh.redis.keys("login:*")), []
    for _ in range(FAILURES + 9):
        assert wait_of(ANYWHERE) == 0
        waits.append(wait_of(ANYWHERE) if len(waits) >= FAILURES - 1 else 0)
        [key] = set(mesh.redis.keys("login:*")) - known
        mesh.redis.hset(key, "ends", "0")
    rule = [pause_after(tries, load(nameko.config)) for tries in range(1, FAILURES + 10)]
    assert waits == rule
    assert 0 < mesh.redis.ttl(key) <= 2 * 900

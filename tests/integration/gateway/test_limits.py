"""A gateway with limits for one client: what one address and one account may do, and what they are told."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from altcha import Challenge, Payload, solve_challenge
from limits import parse

from schemas.errors import TooOften
from services.foundation.rate_limits import RateLimiter
from testbed.mesh import Mesh
from tests.drivers.addresses import client_at
from tests.integration.gateway.lone_gateway import LoneGateway, lone_gateway

REGISTRATIONS, FREE_HOLDS = 20, 8


@pytest.fixture(scope="module")
def gateway(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneGateway]:
    with lone_gateway(mesh, tmp_path_factory.mktemp("limited"), ("{address: 200 per hour}", "{address: 20 per hour}"),
                      ("account: 20 per 10 minutes", "account: 8 per 10 minutes"), MARQUEE_CROWD="1",
                      MARQUEE_TRUSTED_PROXIES="[127.0.0.9]") as gateway:
        yield gateway


def ask(gateway: LoneGateway, path: str, address: str, **headers: str) -> requests.Response:
    """An empty request, which a method refuses after it was counted."""
    with client_at(address) as client:
        return client.post(f"http://127.0.0.1:{gateway.port}{path}", json={}, timeout=60, headers=headers)


@pytest.mark.full_size("integration/gateway/test_limits.py")
def test_registrations_of_one_address_end_with_a_429_that_says_when(gateway: LoneGateway) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: ask(gateway, "/user/register", "127.1.0.1"), range(REGISTRATIONS + 10)))
    assert Counter(reply.status_code for reply in replies) == {422: REGISTRATIONS, 429: 10}
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.json()["code"] == "too_many_requests"
    wait = int(refused.headers["Retry-After"])
    assert 3500 < wait <= 3600
    assert refused.headers["RateLimit-Policy"] == '"registration";q=20;w=3600'
    assert refused.headers["RateLimit"] == f'"registration";r=0;t={wait}'
    assert ask(gateway, "/user/register", "127.1.0.2").status_code == 422
    assert ask(gateway, "/user/login", "127.1.0.1").status_code == 422


def test_an_address_that_a_client_invents_does_not_help(gateway: LoneGateway) -> None:
    statuses = [ask(gateway, "/user/register", "127.1.0.3", **{"X-Forwarded-For": f"198.51.100.{number}"}).status_code
                for number in range(REGISTRATIONS + 1)]
    assert statuses == [422] * REGISTRATIONS + [429]


def test_behind_a_trusted_proxy_each_client_has_its_own_share(gateway: LoneGateway) -> None:
    def register(client: str) -> int:
        return ask(gateway, "/user/register", "127.0.0.9", **{"X-Forwarded-For": client}).status_code

    # All from one /64 of IPv6, whose addresses one customer has.
    assert [register(f"2001:db8::{number:x}") for number in range(REGISTRATIONS + 1)] == [422] * REGISTRATIONS + [429]
    assert register("2001:db8:0:1::1") == 422


def test_a_bot_pays_for_each_further_hold_and_no_answer_counts_twice(mesh: Mesh, gateway: LoneGateway) -> None:
    token, other = mesh.buyers(2)

    def buy(token: str, answer: str = "") -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}", **({"X-Challenge": answer} if answer else {})}
        reply = ask(gateway, "/order/buy", "127.1.0.4", **headers)
        return reply.status_code, reply.json()

    assert [buy(token)[0] for _ in range(FREE_HOLDS)] == [422] * FREE_HOLDS     # the room refuses an empty order
    status, problem = buy(token)
    assert (status, problem["code"]) == (428, "challenge_required")
    challenge = Challenge.from_dict(problem["challenge"])
    solution = solve_challenge(challenge)
    assert solution
    answer = Payload(challenge, solution).to_base64()
    assert buy(token, b64encode(json.dumps({"challenge": problem["challenge"]}).encode()).decode())[0] == 428
    assert buy(token, answer)[0] == 422
    assert buy(token, answer)[0] == 428
    assert buy(other)[0] == 422


def test_processes_share_what_redis_has_counted(mesh: Mesh) -> None:
    one, other = (RateLimiter(mesh.settings["REDIS_URIS"]["marquee"], "test") for _ in range(2))
    limit = parse("4 per minute")
    for limiter in (one, other, one, other):
        limiter.count(limit, "ada")
    for limiter in (one, other):
        with pytest.raises(TooOften):
            limiter.count(limit, "ada")
    one.reset(limit, "ada")
    one.count(limit, "ada")

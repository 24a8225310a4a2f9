"""What one address and one account may do."""

from typing import Any

import pytest
from marshmallow import ValidationError
from nameko.cli.utils.config import load_config

from gateway.http.messages import Request
from gateway.rate_limits.method_classes import FORGERIES, class_of
from gateway.rate_limits.request_limits import RequestLimits
from gateway.rate_limits.settings import LimitSettings, LimitsSection
from gateway.routes.methods import PUBLIC
from gateway.routes.page_errors import REPORT_ERROR
from schemas import film, order, user
from schemas.base import Method
from schemas.errors import Refusal
from schemas.gateway import ChallengeRequired, TooManyRequests
from services.foundation.rate_limits import RateLimiter
from services.foundation.settings import CONFIG

NO_REDIS = "redis://127.0.0.1:1/0"
SMALL: dict[str, Any] = {
    "registration": {"address": "20 per hour"}, "sign_in": {"address": "60 per minute"},
    "holds": {"address": "120 per minute", "account": "20 per minute"},
    "reads": {"address": "6000 per minute", "account": "1200 per minute"},
    "writes": {"address": "1200 per minute", "account": "120 per minute"},
    "challenge": {"kind": "proof_of_work", "address": "30 per 10 minutes", "account": "8 per 10 minutes",
                  "seconds": 120, "tries": 400}}


def shipped() -> dict[str, Any]:
    with CONFIG.open() as file:
        return dict(load_config(file)["limits"])


def settings(**changes: Any) -> LimitSettings:
    loaded: LimitSettings = LimitsSection().load({**shipped(), **changes})
    return loaded


class Riddles:
    """Challenges that are answered by naming the account."""

    def issue(self, account: str) -> dict[str, Any]:
        return {"riddle": "who are you?"}

    def accepts(self, answer: str, account: str) -> bool:
        return answer == account


class LimitedCalls:
    def __init__(self, **changes: Any) -> None:
        self.limits = RequestLimits()
        self.limits.configure(settings(**changes), RateLimiter(NO_REDIS, "limit"), Riddles())

    def address(self, method: Method, times: int, address: str = "192.0.2.1") -> int:
        return self._passed(times, lambda: self.limits.check_address(method, address))

    def forgeries(self, times: int, address: str = "192.0.2.1") -> int:
        return self._passed(times, lambda: self.limits.count_forgery(address))

    def account(self, method: Method, times: int, user_id: str = "ada", answer: str | None = None,
                roles: tuple[str, ...] = (), address: str = "192.0.2.1") -> int:
        request = Request("POST", method.path, "r", address=address,
                          environ={"HTTP_X_CHALLENGE": answer} if answer else {})
        principal: Any = {"user_id": user_id, "roles": list(roles)}
        return self._passed(times, lambda: self.limits.check_account(method, principal, request))

    def _passed(self, times: int, call: Any) -> int:
        """How many of so many calls pass before the first that is refused."""
        self.refusal: Refusal | None = None
        for passed in range(times):
            try:
                call()
            except Refusal as refusal:
                self.refusal = refusal
                return passed
        return times


@pytest.fixture
def calls() -> LimitedCalls:
    return LimitedCalls(**SMALL)


@pytest.mark.parametrize(("method", "most"), [
    (user.REGISTER, 20), (user.LOGIN, 60), (order.BUY, 120), (film.GET_ALL_LIST, 6000)])
def test_one_address_may_do_only_so_much(calls: LimitedCalls, method: Method, most: int) -> None:
    assert calls.address(method, most + 1) == most
    assert isinstance(calls.refusal, TooManyRequests)
    about = calls.refusal.about
    assert (about["policy"], about["quota"]) == (class_of(method), most)
    assert 0 < about["retry_after"] <= about["window"]
    assert calls.address(method, 1, "192.0.2.2") == 1


def test_the_shipped_limits_stop_floods_of_accounts_passwords_and_holds() -> None:
    calls = LimitedCalls()
    assert calls.address(user.REGISTER, 300) < 300
    assert calls.address(user.LOGIN, 400) < 400
    assert calls.account(order.BUY, 60) < 60


def test_what_a_family_and_its_cinema_do_is_never_refused() -> None:
    """Five people sign in, look at forty maps a minute each and buy; thirty members of staff sign in at nine."""
    calls = LimitedCalls()
    assert calls.address(user.LOGIN, 35) == 35
    assert calls.address(film.GET_HALL_INFO, 5 * 40) == 200
    assert calls.address(user.REGISTER, 5) == 5
    assert all(calls.account(order.BUY, 4, f"guest {n}") == 4 for n in range(5))
    assert calls.account(order.BUY, 100, "cashier", roles=("cashier@kanal",)) == 100


def test_an_account_has_limits_of_its_own(calls: LimitedCalls) -> None:
    assert calls.account(order.GET_INFO, 1201) == 1200
    assert calls.account(order.PAY, 121) == 120
    assert calls.account(order.PAY, 1, "grace") == 1


def test_an_account_that_holds_often_has_to_prove_some_work_each_time(calls: LimitedCalls) -> None:
    assert calls.account(order.BUY, 9) == 8
    assert isinstance(calls.refusal, ChallengeRequired)
    assert calls.refusal.about == {"challenge": {"riddle": "who are you?"}}
    assert calls.account(order.BUY, 1, answer="grace") == 0
    assert calls.account(order.BUY, 1, answer="ada") == 1
    assert calls.account(order.BUY, 1) == 0
    assert calls.account(order.BUY, 1, "grace") == 1
    assert calls.account(order.GET_INFO, 1) == 1


def test_an_address_that_holds_often_by_many_accounts_has_to_do_so_too(calls: LimitedCalls) -> None:
    passed = [calls.account(order.BUY, 1, f"bot {n}") for n in range(70)]
    assert sum(passed) == 30
    assert calls.account(order.BUY, 1, "ada", address="192.0.2.2") == 1


def test_answers_do_not_lift_the_limit_of_an_account(calls: LimitedCalls) -> None:
    assert calls.account(order.BUY, 30, answer="ada") == 20
    assert isinstance(calls.refusal, TooManyRequests)


def test_a_crowd_has_so_many_times_the_limits() -> None:
    calls = LimitedCalls(**SMALL, crowd=10)
    assert calls.address(user.REGISTER, 201) == 200
    assert calls.account(order.BUY, 81) == 80


def test_every_public_method_has_a_class_with_a_limit() -> None:
    assert {class_of(method) for method in (*PUBLIC.values(), REPORT_ERROR)} | {FORGERIES} == set(settings().allowances)


def test_forged_webhooks_are_counted_by_address() -> None:
    calls = LimitedCalls()
    assert calls.forgeries(21) == 20
    assert isinstance(calls.refusal, TooManyRequests)
    assert calls.forgeries(1) == 0
    assert calls.forgeries(1, "192.0.2.2") == 1


def test_only_trusted_proxies_name_another_address() -> None:
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
    assert LimitedCalls().limits.address_of(environ) == "10.0.0.1"
    assert LimitedCalls(trusted_proxies=["10.0.0.0/8"]).limits.address_of(environ) == "198.51.100.7"


@pytest.mark.parametrize(("mistake", "words"), [
    ({"trusted_proxies": ["everybody"]}, "Not a network"), ({"trusted_proxies": ["10.0.0.1/8"]}, "Not a network"),
    ({"holds": {"address": "often"}}, "Not a limit"), ({"crowd": 0}, "greater than"),
    ({"reads": {}}, "Missing data"), ({"challenge": {**shipped()["challenge"], "kind": "pictures"}}, "one of"),
])
def test_a_mistake_in_the_section_is_told(mistake: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**mistake)

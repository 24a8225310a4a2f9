"""The limits of requests by address and by account, and a challenge for those who hold seats often."""

from typing import Any

from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from nameko import config
from nameko.extensions import DependencyProvider

from gateway.caches.principals import Principal
from gateway.client_address import client_address
from gateway.http.messages import Environ, Request
from gateway.rate_limits.challenges import Challenges, ProofOfWork
from gateway.rate_limits.method_classes import FORGERIES, HOLDS, class_of
from gateway.rate_limits.settings import LimitSettings, limit_settings
from schemas.base import Method
from schemas.gateway import ChallengeRequired, TooManyRequests
from schemas.roles import allows
from services.foundation.rate_limits import RateLimiter
from services.foundation.redis_client import connect


class RequestLimits(DependencyProvider):
    """Injects itself."""

    def setup(self) -> None:
        """Read the limits and connect to Redis when the gateway starts."""
        uri = config["REDIS_URIS"]["marquee"]
        self._redis = connect(uri)
        self._configure(RateLimiter(uri, "limit"))

    def settings_read_again(self, path: str) -> bool:
        """A running gateway takes over all of `limits`."""
        return path.startswith("limits.")

    def reload(self) -> None:
        """Take the limits as they are now. Raises SettingsError, and then changes nothing."""
        limit_settings.cache_clear()
        self._configure(self._limiter)

    def _configure(self, limiter: RateLimiter) -> None:
        settings = limit_settings()
        challenge = settings.challenge
        self.configure(settings, limiter, None if challenge.kind == "none" else
                       ProofOfWork(self._redis, challenge.seconds, challenge.tries))

    def configure(self, settings: LimitSettings, limiter: RateLimiter, challenges: Challenges | None) -> None:
        """Count by these settings from now on; without `challenges`, nobody is challenged."""
        self._settings, self._limiter, self._challenges = settings, limiter, challenges
        self._holds = MovingWindowRateLimiter(MemoryStorage())    # those of this process that were not challenged

    def get_dependency(self, worker_ctx: Any) -> "RequestLimits":
        """One instance counts all calls of the process."""
        return self

    def address_of(self, environ: Environ) -> str:
        """The client's address; see gateway/client_address."""
        return client_address(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""),
                              self._settings.trusted_proxies)

    def check_address(self, method: Method, address: str) -> None:
        """Count a call of this address. Raises TooManyRequests."""
        name = class_of(method)
        self._limiter.count(self._settings.allowances[name].address, f"{name} address {address}", TooManyRequests,
                            name)

    def check_account(self, method: Method, principal: Principal, request: Request) -> None:
        """Count a call of this account, unless it is one of staff. Raises TooManyRequests and ChallengeRequired."""
        if allows("staff", principal["roles"]):
            return
        name, user_id = class_of(method), principal["user_id"]
        if limit := self._settings.allowances[name].account:
            self._limiter.count(limit, f"{name} account {user_id}", TooManyRequests, name)
        if name == HOLDS:
            self._challenge(user_id, request)

    def count_forgery(self, address: str) -> None:
        """Count a webhook of this address that was refused. Raises TooManyRequests.

        A genuine one is never counted: a provider is not turned away because of others at its address.
        """
        limit = self._settings.allowances[FORGERIES].address
        self._limiter.count(limit, f"{FORGERIES} address {address}", TooManyRequests, FORGERIES)

    def _challenge(self, user_id: str, request: Request) -> None:
        """Let a few holds pass; each further one needs an answer in X-Challenge."""
        if self._challenges is None or self._is_free(user_id, request.address):
            return
        answer = request.environ.get("HTTP_X_CHALLENGE")
        if not answer or not self._challenges.accepts(answer, user_id):
            raise ChallengeRequired(challenge=self._challenges.issue(user_id))

    def _is_free(self, user_id: str, address: str) -> bool:
        free = self._settings.challenge.free
        assert free.account is not None
        counted = ((free.account, f"account {user_id}"), (free.address, f"address {address}"))
        return (all(self._holds.test(limit, name) for limit, name in counted)
                and all(self._holds.hit(limit, name) for limit, name in counted))

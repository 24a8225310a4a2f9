"""Throttles: how many links a name may ask for, and how many are mailed, within a moving window."""

from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from nameko import config
from nameko.extensions import DependencyProvider

from schemas.errors import TooOften
from services.foundation.rate_limits import RateLimiter
from services.user.emails import mailbox_key
from services.user.settings import UserSettings, load
from services.user.usernames import username_key


class Throttle(DependencyProvider):
    """Injects itself. See foundation/rate_limits for how it counts."""

    name: str

    def limit(self, settings: UserSettings) -> RateLimitItem:
        """The limit that config.yml sets."""
        raise NotImplementedError

    def settings_read_again(self, path: str) -> bool:
        """None of its own: the room's settings say which are taken over."""
        return False

    def reload(self) -> None:
        """Read the limit again."""
        self._limit = self.limit(load(config))

    def setup(self) -> None:
        """Read the limit and connect to Redis when the room starts."""
        self.reload()
        self._limiter = RateLimiter(config["REDIS_URIS"]["marquee"], self.name)

    def get_dependency(self, worker_ctx: Any) -> "Throttle":
        """One throttle serves all calls of the process."""
        return self

    def count(self, name: str) -> None:
        """Count one more for a name, or for all spellings of an e-mail address.

        Raises TooOften with the seconds to wait in `retry_after`.
        """
        self._limiter.count(self._limit, username_key(mailbox_key(name)))


class ConfirmationThrottle(Throttle):
    """Limits the links mailed to an address, whatever account asks, and for an account, whatever the address."""

    name = "confirmation"

    def limit(self, settings: UserSettings) -> RateLimitItem:
        """`confirmations_an_hour`."""
        return RateLimitItemPerHour(settings.confirmations_per_hour)

    def allow(self, email: str, user_id: str) -> bool:
        """Whether one more link may be mailed to the address; if so, it is counted.

        What others have had mailed there keeps no account from naming the address as its own; it only gets no link
        yet. Raises TooOften for an account that has had too many links mailed itself.
        """
        self.count(user_id)
        try:
            self.count(email)
        except TooOften:
            return False
        return True


class PasswordResetThrottle(Throttle):
    """Limits the links that set a password: those asked for by a name, and those mailed for an account."""

    name = "password_reset"

    def limit(self, settings: UserSettings) -> RateLimitItem:
        """`password_resets_an_hour`."""
        return RateLimitItemPerHour(settings.password_resets_per_hour)


class CodeThrottle(Throttle):
    """Limits the codes of a second factor tried for an account, which only those can try who know its password."""

    name = "second_factor"

    def limit(self, settings: UserSettings) -> RateLimitItem:
        """`second_factor_failures` in a quarter of an hour."""
        return RateLimitItemPerMinute(settings.second_factor_failures, 15)

    def reset(self, user_id: str) -> None:
        """Forget the codes tried for an account: one was right."""
        self._limiter.reset(self._limit, username_key(mailbox_key(user_id)))

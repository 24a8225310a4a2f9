"""The user room's methods by which somebody sets up, replaces and removes the second factor of an account."""

from typing import Any

from schemas.errors import Unauthenticated
from schemas.roles import allows
from schemas.user import second_factor as contract
from schemas.user.self_service import WrongPassword
from services.foundation.database import utc_now
from services.foundation.rpc.calls import call
from services.user import store, tokens
from services.user.attempts.source import session_of
from services.user.records import TokenHolder
from services.user.second_factor import codes, factors, notices
from services.user.second_factor import store as factor_store


class FactorMethods:
    """A part of the class User, which has the dependencies."""

    principal: Any
    database: Any
    settings: Any
    passwords: Any
    cipher: Any
    login_throttle: Any
    code_throttle: Any
    _own_account: Any
    _is_password: Any
    _revoke: Any

    @call(contract.GET_SECOND_FACTOR)
    def get_second_factor(self, request: dict[str, Any]) -> dict[str, Any]:
        """Whether the caller's account has a second factor, and needs one. Its secret is not shown."""
        account = self._own_account()
        factor = self.database.read(lambda tx: factor_store.factor_of(tx, account.user_id))
        left = self.database.read(lambda tx: factor_store.count_recovery_codes(tx, account.user_id))
        return {"since": factor and factor.since, "recovery_codes_left": left,
                "required": self._needs_factor(account.roles)}

    @call(contract.BEGIN_SECOND_FACTOR)
    def begin_second_factor(self, request: dict[str, Any]) -> dict[str, Any]:
        """A new secret, which counts once it is confirmed. Takes the password, and a code of the one of before.

        Raises WrongPassword, SecondFactorMissing, SecondFactorWrong, SecondFactorOff, TooOften.
        """
        account, code = self._checked_account(request), request.get("second_factor")
        secret, now = codes.new_secret(), utc_now()

        def begin(tx: Any) -> Any:
            self._lock_own(tx, account.user_id)
            factors.check(tx, account.user_id, code, self.cipher, now)
            return factors.begin(tx, account.user_id, secret, self.cipher, now)

        until = self.database.run_repeatable(begin)
        self.forget_codes(account.user_id, code)
        uri = codes.uri(secret, account.username)
        return {"secret": secret, "uri": uri, "svg": codes.picture(uri), "expires_at": until}

    @call(contract.CONFIRM_SECOND_FACTOR)
    def confirm_second_factor(self, request: dict[str, Any]) -> dict[str, Any]:
        """Let the new secret count. Every session ends, and one with the second factor begins.

        Raises SecondFactorNotBegun, SecondFactorWrong, TooOften.
        """
        user_id, code, device = str(self.principal.user_id), request["second_factor"], self.principal.user_agent
        ended, now = list[str](), utc_now()
        self.count_code(user_id, code)

        def confirm(tx: Any) -> dict[str, Any]:
            self._lock_own(tx, user_id)
            recovery_codes = factors.confirm(tx, user_id, code, self.cipher, now)
            notices.write_set(tx, user_id)
            ended[:] = store.delete_tokens_of(tx, user_id)
            issued = tokens.issue(tx, user_id, now, self.settings, device)
            return {"recovery_codes": recovery_codes, "token": issued.token, "expires_at": issued.expires_at}

        confirmed = self.database.run_repeatable(confirm)
        self.forget_codes(user_id, code)
        self._revoke(ended)
        return dict(confirmed)

    @call(contract.REMOVE_SECOND_FACTOR)
    def remove_second_factor(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take the second factor away; one that is not there is no error.

        Raises WrongPassword, SecondFactorWrong, SecondFactorStays, TooOften.
        """
        account, code, now = self._checked_account(request), request["second_factor"], utc_now()

        def remove(tx: Any) -> None:
            if self._needs_factor(self._lock_own(tx, account.user_id).roles):
                raise contract.SecondFactorStays()
            factors.check(tx, account.user_id, code, self.cipher, now)
            if factor_store.delete_factor(tx, account.user_id):
                notices.write_removed(tx, account.user_id)

        self.database.run_repeatable(remove)
        self.forget_codes(account.user_id, code)
        return {}

    def count_code(self, user_id: str, code: str | None) -> None:
        """Count an attempt at a code, if there is one. Raises TooOften."""
        if code:
            self.code_throttle.count(user_id)

    def forget_codes(self, user_id: str, code: str | None) -> None:
        """Forget the attempts: this code was right."""
        if code:
            self.code_throttle.reset(user_id)

    def must_enrol(self, holder: TokenHolder) -> bool:
        """Whether the holder may do nothing before there is a second factor."""
        return self._needs_factor(holder.roles) and not holder.second_factor

    def _needs_factor(self, roles: list[str]) -> bool:
        return self.settings.second_factor_required and allows("staff", roles)

    def _checked_account(self, request: dict[str, Any]) -> Any:
        """The caller's account, whose password the request has; the code is counted as an attempt."""
        account = self._own_account()
        source = session_of(self.principal)
        self.passwords.check_capacity(source)
        self.login_throttle.count(account.username, source)
        if not self._is_password(account, request["password"], source):
            raise WrongPassword()
        self.login_throttle.reset(account.username, source)
        self.count_code(account.user_id, request.get("second_factor"))
        return account

    def _lock_own(self, tx: Any, user_id: str) -> Any:
        account = store.lock_account(tx, user_id)
        if account.removed_at is not None:
            raise Unauthenticated()
        return account

"""The user room's methods by which members sign in and out."""

from dataclasses import asdict
from typing import Any

from schemas import user as contract
from schemas.errors import Unauthenticated
from services.foundation.database import utc_now
from services.foundation.rpc.calls import call
from services.user import store, tokens
from services.user.attempts import device_store
from services.user.attempts.source import Source, address_of
from services.user.guests import guests
from services.user.guests import store as guest_store
from services.user.passwords import needs_rehash
from services.user.second_factor import factors
from services.user.self_service import sign_in_names


class SignInMethods:
    """A part of the class User, which has the dependencies."""

    principal: Any
    database: Any
    redis: Any
    settings: Any
    passwords: Any
    login_throttle: Any
    cipher: Any
    count_code: Any
    forget_codes: Any
    must_enrol: Any
    _revoke: Any

    @call(contract.LOGIN)
    def login(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sign in by username or confirmed address: a token for `user.token_hours`, and one for the device.

        An unknown user and a wrong password look the same. Raises SecondFactorMissing and SecondFactorWrong only with
        the right password. With the token of a guest, the guest's orders become the account's.
        """
        username, password = sign_in_names.normalize(request["username"]), request["password"]
        source = self._source_of(username, request.get("device"))
        self.passwords.check_capacity(source)  # a call that is refused here does not count as an attempt
        self.login_throttle.count(username, source)
        account = self.database.read(lambda tx: sign_in_names.account(tx, username))
        spelling = self.passwords.matching_spelling(account and account.password_hash, password, source)
        if account is None or spelling is None:
            raise contract.LoginFailed()
        self.login_throttle.reset(username, source)
        code = request.get("second_factor")
        self.count_code(account.user_id, code)
        new_hash = (self.passwords.make_hash(password, source) if needs_rehash(account.password_hash, spelling)
                    else None)
        signed_in = self._sign_in(account, new_hash, request)
        self.forget_codes(account.user_id, code)
        return signed_in

    @call(contract.AUTHORIZE)
    def authorize(self, request: dict[str, Any]) -> dict[str, Any]:
        """Whose token this is, what they may do, and until when. Staff without a second factor that they need have no
        roles.
        """
        holder = tokens.authenticate(self.redis, self.database, request["token"], utc_now(),
                                     self.settings.token_idle)
        must_enrol = self.must_enrol(holder)
        return {**asdict(holder), "roles": [] if must_enrol else holder.roles, "second_factor_required": must_enrol}

    @call(contract.LOGOUT)
    def logout(self, request: dict[str, Any]) -> dict[str, Any]:
        """End the token of this call: once this returns, nobody is signed in with it."""
        token_id, user_id = self.principal.token_id, str(self.principal.user_id)
        if token_id is None:
            raise Unauthenticated()
        if self.principal.is_guest:
            self.database.run_repeatable(lambda tx: guest_store.delete_token(tx, token_id))
        else:
            self.database.run_repeatable(lambda tx: store.delete_token(tx, token_id, user_id))
        self._revoke([token_id])
        return {}

    def _source_of(self, username: str, device: str | None) -> Source:
        """The device, if it has signed in to this account before; or else the address."""
        known = device and self.database.read(lambda tx: device_store.known(
            tx, sign_in_names.account(tx, username), device, utc_now()))
        return known or address_of(self.principal)

    def _sign_in(self, account: Any, new_hash: str | None, request: dict[str, Any]) -> dict[str, Any]:
        def sign_in(tx: Any) -> tuple[dict[str, Any], list[str]]:
            user, now = store.lock_account(tx, account.user_id), utc_now()
            if user.password_hash != account.password_hash or user.removed_at is not None:
                raise contract.LoginFailed()  # the account was changed after we had read it
            factors.check(tx, user.user_id, request.get("second_factor"), self.cipher, now)
            if new_hash:
                store.update_account(tx, user.user_id, password_hash=new_hash)
            issued = tokens.issue(tx, user.user_id, now, self.settings, self.principal.user_agent)
            ended = [*issued.ended, *guests.adopt(tx, request.get("guest_token"), user.user_id, now)]
            return {"token": issued.token, "expires_at": issued.expires_at,
                    "user": store.account_by_id(tx, user.user_id),  # with what it has of the guest
                    "device": device_store.remember(tx, user.user_id, request.get("device"), now)}, ended

        reply: dict[str, Any]
        reply, ended = self.database.run_repeatable(sign_in)
        self._revoke(ended)
        return reply

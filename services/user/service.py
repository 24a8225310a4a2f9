"""The user room: who someone is, and how they prove it."""

import datetime as dt
import logging
from typing import Any

from nameko import config

from schemas import user as contract
from schemas.errors import Busy, Unauthenticated
from services.foundation.announcements import Announcer
from services.foundation.calls import AskerProvider, call
from services.foundation.chores import every
from services.foundation.database import Database, utc_now
from services.foundation.idempotency import Keys, forget_old_keys
from services.foundation.presence import Presence
from services.foundation.redis_client import Redis
from services.user import passwords, store, tokens
from services.user.attempts import LoginAttempts
from services.user.models import KEYS, Base

log = logging.getLogger("marquee.user")
KEYS_KEPT = dt.timedelta(days=7)
PURGE_SECONDS = 600


class User:
    name = "user"

    asker = AskerProvider()
    database = Database(Base)
    redis = Redis()
    attempts = LoginAttempts()
    announcer = Announcer()
    presence = Presence()

    @call(contract.REGISTER)
    def register(self, request: dict[str, Any]) -> dict[str, Any]:
        """Open an account. The username keeps its spelling, and is taken in every other spelling too.

        A key is told what it was told before only together with the account's password.
        """
        keys = Keys(KEYS, self.asker, contract.REGISTER, request)

        def open_account(tx: Any) -> dict[str, Any]:
            store.add(tx, account)
            return account

        opened = keys.answered(self.database)
        if opened is None:
            account = store.new_account(request, passwords.make_hash(request["password"]))
            opened = keys.once(self.database, open_account)
            if opened["user_id"] == account["user_id"]:
                return opened
        known = self.database.read(lambda tx: store.by_id(tx, opened["user_id"]))
        if not passwords.matches(known and known.password_hash, request["password"]):
            raise contract.UsernameTaken(username=request["username"])
        return opened

    @call(contract.LOGIN)
    def login(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sign in: a token for `user.token_hours`. An unknown user and a wrong password look the same."""
        username, password = request["username"], request["password"]
        passwords.check_line()  # who is sent away here has not tried yet
        self.attempts.count(username)
        account = self.database.read(lambda tx: store.by_name(tx, username))
        if not passwords.matches(account and account.password_hash, password):
            raise contract.LoginFailed()
        self.attempts.forget(username)
        better = passwords.make_hash(password) if passwords.is_outdated(account.password_hash) else None

        def sign_in(tx: Any) -> dict[str, Any]:
            user = store.lock(tx, account.user_id)
            if user.password_hash != account.password_hash:
                raise contract.LoginFailed()  # it was changed while we were looking at it
            if better:
                store.change(tx, user.user_id, password_hash=better)
            token, expires_at = tokens.issue(tx, user.user_id, utc_now(), token_lifetime())
            return {"token": token, "expires_at": expires_at, "user": user}

        return self.database.run_known(sign_in)

    @call(contract.AUTHORIZE)
    def authorize(self, request: dict[str, Any]) -> tokens.Holder:
        """Whose token this is, what they may do, and until when."""
        return tokens.holder(self.redis, self.database, request["token"], utc_now())

    @call(contract.LOGOUT)
    def logout(self, request: dict[str, Any]) -> dict[str, Any]:
        """End the token of this call: nobody is let in with it once this has returned."""
        token_id, user_id = self.asker.token_id, str(self.asker.user_id)
        if token_id is None:
            raise Unauthenticated()
        self.database.run_known(lambda tx: tokens.delete_one(tx, token_id, user_id))
        tokens.revoke(self.redis, token_id)
        self.announcer.announce_now(contract.TOKENS_REVOKED, token_id)
        return {}

    @call(contract.GET_PROFILE)
    def get_profile(self, request: dict[str, Any]) -> Any:
        """The caller's own account."""
        return self.database.read(self._profile)

    @call(contract.UPDATE_PROFILE)
    def update_profile(self, request: dict[str, Any]) -> Any:
        """Change display_name or email (null removes it); what is left out stays."""
        keys = Keys(KEYS, self.asker, contract.UPDATE_PROFILE, request)

        def change(tx: Any) -> Any:
            store.change(tx, str(self.asker.user_id), **request)
            return self._profile(tx)

        return keys.once(self.database, change)

    @call(contract.GET_CONTACT)
    def get_contact(self, request: dict[str, Any]) -> dict[str, Any]:
        """A name and an address to write to; who gave no address gets no message."""
        found = self.database.read(lambda tx: store.by_id(tx, request["user_id"]))
        return {"user_id": request["user_id"], "email": found and found.email,
                "display_name": found and (found.display_name or found.username)}

    @every(PURGE_SECONDS)
    def forget_the_old(self) -> None:
        """Drop tokens that are over and answers nobody will ask for again."""
        now = utc_now()
        try:
            self.database.run(lambda tx: tokens.delete_expired(tx, now))
            self.database.run(lambda tx: forget_old_keys(tx, KEYS, now - KEYS_KEPT))
        except Exception as problem:  # it is tried again; the room lives on
            log.warning("could not purge", exc_info=not isinstance(problem, Busy))

    def _profile(self, tx: Any) -> Any:
        found = store.by_id(tx, self.asker.user_id)
        if found is None:
            raise Unauthenticated()
        return found


def token_lifetime() -> dt.timedelta:
    return dt.timedelta(hours=float(config["user"]["token_hours"]))

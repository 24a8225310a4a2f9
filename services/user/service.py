"""The user room: who someone is, and how they prove it."""

import datetime as dt
import logging
from typing import Any

from nameko import config

from schemas import user as contract
from schemas.errors import Busy, Unauthenticated
from services.foundation.amqp.announcements import Announcer
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events.relay import Relay
from services.foundation.redis_client import Redis
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.idempotency import Keys, forget_old_keys
from services.foundation.timers import every
from services.user import confirmations, emails, passwords, store, tokens
from services.user.models import KEYS, OUTBOX, Base
from services.user.throttle import ConfirmationMails, LoginAttempts

log = logging.getLogger("marquee.user")
KEYS_KEPT = dt.timedelta(days=7)
PURGE_SECONDS = 600


class User:
    name = "user"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    redis = Redis()
    attempts = LoginAttempts()
    mails = ConfirmationMails()
    announcer = Announcer()
    presence = Presence()

    @call(contract.REGISTER)
    def register(self, request: dict[str, Any]) -> dict[str, Any]:
        """Open an account. The username keeps its spelling, and is taken in every other spelling too.

        Nothing is sent to an address but a link, until its owner has opened that. A key is told what it was told before
        only together with the account's password.
        """
        request = with_email_normalized(request)
        keys = Keys(KEYS, self.principal, contract.REGISTER, request)

        def open_account(tx: Any) -> dict[str, Any]:
            store.add(tx, account)
            if is_asked:
                confirmations.ask(tx, account["user_id"])
            return account

        opened = keys.answered(self.database)
        if opened is None:
            account = store.new_account(request, passwords.make_hash(request["password"]))
            is_asked = self._may_mail(account)
            opened = keys.once(self.database, open_account)
            if opened["user_id"] == account["user_id"]:
                return opened
        self._check_owner(opened["user_id"], request)
        return opened

    @call(contract.LOGIN)
    def login(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sign in: a token for `user.token_hours`. An unknown user and a wrong password look the same."""
        username, password = request["username"], request["password"]
        passwords.check_line()  # who is sent away here has not tried yet
        self.attempts.count(username)
        account = self.database.read(lambda tx: store.by_name(tx, username))
        spelling = passwords.matching(account and account.password_hash, password)
        if account is None or spelling is None:
            raise contract.LoginFailed()
        self.attempts.forget(username)
        better = passwords.make_hash(password) if passwords.is_outdated(account.password_hash, spelling) else None

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
        token_id, user_id = self.principal.token_id, str(self.principal.user_id)
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
        """Change display_name or email (null removes it); what is left out stays. A new address is to be confirmed."""
        request = with_email_normalized(request)
        keys = Keys(KEYS, self.principal, contract.UPDATE_PROFILE, request)
        if answered := keys.answered(self.database):
            return answered
        before, email = self.database.read(self._profile), request.get("email")
        is_asked = email is not None and emails.moves(before.email, email) and self.mails.allow(email, before.user_id)

        def change(tx: Any) -> Any:
            moves = "email" in request and emails.moves(store.lock(tx, before.user_id).email, email)
            store.change(tx, before.user_id, **request, **({"email_confirmed_at": None} if moves else {}))
            if moves:
                confirmations.move(tx, before.user_id, is_asked)
            return self._profile(tx)

        return keys.once(self.database, change)

    @call(contract.SEND_CONFIRMATION)
    def send_confirmation(self, request: dict[str, Any]) -> dict[str, Any]:
        """Mail the link once more. Raises NothingToConfirm, and TooOften for an account or an address.

        Raises Busy when the address changes meanwhile, because only the one before was counted.
        """
        keys = Keys(KEYS, self.principal, contract.SEND_CONFIRMATION, request)
        if keys.answered(self.database) is not None:
            return {}
        profile = self.database.read(self._profile)
        confirmations.check_needed(profile)
        self.mails.count(profile.user_id)
        self.mails.count(profile.email)

        def ask(tx: Any) -> dict[str, Any]:
            user = store.lock(tx, profile.user_id)
            confirmations.check_needed(user)
            if user.email != profile.email:
                raise Busy(retry_after=1)
            confirmations.ask(tx, user.user_id)
            return {}

        return keys.once(self.database, ask)

    @call(contract.CONFIRM_EMAIL)
    def confirm_email(self, request: dict[str, Any]) -> dict[str, Any]:
        """Whoever has the link owns the address. The same link may confirm it again. Raises ConfirmationOver."""
        self.database.run_known(lambda tx: confirmations.confirm(tx, request["token"], utc_now()))
        return {}

    # --- for the notification room ---

    @call(contract.GET_CONTACT)
    def get_contact(self, request: dict[str, Any]) -> dict[str, Any]:
        """A name and an address to write to; who gave no address, or has not confirmed it, gets no message."""
        found = self.database.read(lambda tx: store.by_id(tx, request["user_id"]))
        is_confirmed = bool(found and found.email_confirmed_at)
        return {"user_id": request["user_id"], "email": found.email if is_confirmed else None,
                "unconfirmed": bool(found and found.email and not is_confirmed),
                "display_name": found and (found.display_name or found.username)}

    @call(contract.ISSUE_CONFIRMATION)
    def issue_confirmation(self, request: dict[str, Any]) -> dict[str, Any]:
        """A link to mail. Those that were mailed before go on working: nobody knows which of them arrived."""
        lifetime = dt.timedelta(hours=float(config["user"]["confirmation_hours"]))
        given = self.database.run_known(
            lambda tx: confirmations.issue(tx, request["user_id"], request["number"], utc_now(), lifetime))
        email, token = given or (None, None)
        return {"email": email, "token": token}

    @every(PURGE_SECONDS)
    def forget_the_old(self) -> None:
        """Drop tokens and links that are over, and answers nobody will ask for again."""
        now = utc_now()
        try:
            self.database.run(lambda tx: confirmations.delete_expired(tx, now))
            self.database.run(lambda tx: tokens.delete_expired(tx, now))
            self.database.run(lambda tx: forget_old_keys(tx, KEYS, now - KEYS_KEPT))
        except Exception as problem:  # it is tried again; the room lives on
            log.warning("could not purge", exc_info=not isinstance(problem, Busy))

    def _may_mail(self, account: dict[str, Any]) -> bool:
        """Whether a link may go to the address of an account to be opened; one that can't be opened counts nothing."""
        if not account["email"] or self.database.read(lambda tx: store.by_name(tx, account["username"])):
            return False
        return self.mails.allow(account["email"], account["user_id"])

    def _check_owner(self, user_id: str, request: dict[str, Any]) -> None:
        """Raises UsernameTaken for another password than the account's. It counts as an attempt to sign in."""
        passwords.check_line()
        self.attempts.count(request["username"])
        account = self.database.read(lambda tx: store.by_id(tx, user_id))
        if passwords.matching(account and account.password_hash, request["password"]) is None:
            raise contract.UsernameTaken(username=request["username"])
        self.attempts.forget(request["username"])

    def _profile(self, tx: Any) -> Any:
        found = store.by_id(tx, self.principal.user_id)
        if found is None:
            raise Unauthenticated()
        return found


def token_lifetime() -> dt.timedelta:
    return dt.timedelta(hours=float(config["user"]["token_hours"]))


def with_email_normalized(request: dict[str, Any]) -> dict[str, Any]:
    return emails.normalized(request, bool(config["user"]["smtputf8"]))

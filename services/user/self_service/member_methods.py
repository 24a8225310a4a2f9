"""The user room's methods by which members care for their own accounts: passwords, sessions, postal addresses."""

from typing import Any

from schemas.errors import TooOften, Unauthenticated
from schemas.user import TOKENS_REVOKED
from schemas.user import self_service as contract
from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.foundation.rpc.calls import call
from services.foundation.rpc.idempotency import IdempotencyKey
from services.user import store, tokens
from services.user.attempts.source import Source, address_of, session_of
from services.user.models import KEYS
from services.user.self_service import address_book, passwords, sign_in_names
from services.user.self_service import store as own_store
from services.user.self_service.minimum_time import minimum_time

MOST_SESSIONS = 100


class MemberMethods:
    """A part of the class User, which has the dependencies."""

    principal: Any
    database: Any
    redis: Any
    settings: Any
    passwords: Any
    login_throttle: Any
    reset_throttle: Any
    announcer: Any

    @call(contract.CHANGE_PASSWORD)
    def change_password(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change the caller's password; every other session ends. Each call counts as an attempt to sign in.

        Repeating it changes nothing. Raises WrongPassword, TooOften, FieldsInvalid.
        """
        account, source = self._own_account(), session_of(self.principal)
        self.passwords.check_capacity(source)
        self.login_throttle.count(account.username, source)
        if not self._is_password(account, request["old_password"], source):
            if not self._is_password(account, request["new_password"], source):  # else it is changed already
                raise contract.WrongPassword()
            return {}
        self.login_throttle.reset(account.username, source)
        new_hash, ended = passwords.make_hash(self.passwords, request["new_password"], source), list[str]()
        self.database.run_repeatable(lambda tx: ended.extend(
            passwords.change(tx, account, new_hash, self.principal.token_id)))
        self._revoke(ended)
        return {}

    @call(contract.REQUEST_PASSWORD_RESET)
    def request_password_reset(self, request: dict[str, Any]) -> dict[str, Any]:
        """Have a link mailed to each account of that name, confirmed address, or former address that recovers it.

        Neither the answer nor the time that it takes depends on whether there is one. Raises TooOften for a name.
        """
        name = request["username"]
        self.reset_throttle.count(sign_in_names.normalize(name))
        with minimum_time():
            now = utc_now()
            for user_id in self.database.read(lambda tx: sign_in_names.recoverable(tx, name, now)):
                if self._may_mail(user_id):
                    self.database.run(lambda tx, user_id=user_id: passwords.request_link(tx, user_id, now))
        return {}

    @call(contract.RESET_PASSWORD)
    def reset_password(self, request: dict[str, Any]) -> dict[str, Any]:
        """Set a new password by a mailed link, once; every session ends. Raises PasswordResetOver, FieldsInvalid.

        Sent again with the same password it changes nothing; that counts as an attempt to sign in.
        """
        token, new_password = request["token"], request["new_password"]
        link = self.database.read(lambda tx: passwords.valid_link(tx, token, utc_now()))
        account = self.database.read(lambda tx: store.account_by_id(tx, link.user_id))
        source = address_of(self.principal)
        self.passwords.check_capacity(source)
        if link.used_at is not None:
            self.login_throttle.count(account.username, source)
            if not self._is_password(account, new_password, source):
                raise contract.PasswordResetOver()
            return {}
        new_hash, ended = passwords.make_hash(self.passwords, new_password, source), list[str]()
        self.database.run_repeatable(lambda tx: ended.extend(passwords.reset(tx, token, new_hash, utc_now())))
        self.login_throttle.reset(account.username, source)
        self._revoke(ended)
        return {}

    @call(contract.GET_SESSIONS)
    def get_sessions(self, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's sessions, the newest first, at most MOST_SESSIONS. Their ids sign nobody in."""
        user_id, current = str(self.principal.user_id), self.principal.token_id
        found = self.database.read(lambda tx: own_store.sessions_of(
            tx, user_id, utc_now(), self.settings.token_idle, MOST_SESSIONS))
        return {"sessions": [{**row._mapping, "session_id": row.token_id, "current": row.token_id == current}
                             for row in found]}

    @call(contract.END_SESSION)
    def end_session(self, request: dict[str, Any]) -> dict[str, Any]:
        """End one of the caller's sessions. Anybody else's stays, and the answer does not tell."""
        session_id, user_id, ended = request["session_id"], str(self.principal.user_id), list[str]()

        def end(tx: Any) -> None:
            if store.delete_token(tx, session_id, user_id):
                ended.append(session_id)

        self.database.run_repeatable(end)
        self._revoke(ended)
        return {}

    @call(contract.GET_ADDRESSES)
    def get_addresses(self, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's postal addresses, the oldest first."""
        user_id = str(self.principal.user_id)
        return {"addresses": self.database.read(lambda tx: own_store.addresses_of(tx, user_id))}

    @call(contract.SAVE_ADDRESS)
    def save_address(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add a postal address or replace one. Raises UnknownAddress, TooManyAddresses."""
        key, address_id = IdempotencyKey(KEYS, self.principal, contract.SAVE_ADDRESS, request), new_id()
        user_id = self._own_account().user_id
        return key.run_once(self.database, lambda tx: address_book.save(tx, user_id, address_id, request))

    @call(contract.REMOVE_ADDRESS)
    def remove_address(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove one of the caller's postal addresses; one that is not there is no error."""
        address_id, user_id = request["address_id"], str(self.principal.user_id)
        self.database.run_repeatable(lambda tx: own_store.delete_address(tx, address_id, user_id))
        return {}

    @call(contract.ISSUE_PASSWORD_RESET)
    def issue_password_reset(self, request: dict[str, Any]) -> dict[str, Any]:
        """A link to mail, for the notification room. Links mailed before stay valid."""
        lifetime = self.settings.password_reset_lifetime
        issued = self.database.run_repeatable(
            lambda tx: passwords.issue_link(tx, request["user_id"], request["number"], utc_now(), lifetime))
        return issued or {"email": None, "username": None, "token": None}

    @call(contract.GET_FORMER_EMAIL)
    def get_former_email(self, request: dict[str, Any]) -> Any:
        """Where to write that an account has another address, for the notification room."""
        return self.database.read(
            lambda tx: own_store.former_email(tx, request["user_id"], request["number"])) or {"email": None}

    def _own_account(self) -> Any:
        found = self.database.read(lambda tx: store.account_by_id(tx, self.principal.user_id))
        if found is None or found.removed_at is not None:
            raise Unauthenticated()
        return found

    def _is_password(self, account: Any, password: str, source: Source) -> bool:
        return self.passwords.matching_spelling(account.password_hash, password, source) is not None

    def _may_mail(self, user_id: str) -> bool:
        try:
            self.reset_throttle.count(f"account {user_id}")
        except TooOften:
            return False
        return True

    def _revoke(self, token_ids: list[str]) -> None:
        if token_ids:
            tokens.revoke(self.redis, *token_ids)
            self.announcer.announce_now(TOKENS_REVOKED, *token_ids)

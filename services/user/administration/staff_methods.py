"""The user room's methods about accounts as staff see and change them, and `close_account`."""

import logging
from dataclasses import replace
from typing import Any

from schemas.base import Method
from schemas.errors import Busy, FieldsInvalid, KeyReused
from schemas.user import TOKENS_REVOKED, LoginFailed
from schemas.user import administration as contract
from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.foundation.rpc.calls import call
from services.foundation.rpc.idempotency import IdempotencyKey
from services.foundation.timers import every
from services.user import emails, store, tokens
from services.user.administration import removal
from services.user.administration.admins import permit_house, permit_role
from services.user.administration.changes import Change, change_details, change_roles
from services.user.attempts.source import session_of
from services.user.confirming import confirmations
from services.user.models import KEYS
from services.user.records import NewAccount
from services.user.search import index

log = logging.getLogger("marquee.user")
INDEX_SECONDS = 10
DETAILS = ("display_name", "email")


class StaffMethods:
    """A part of the class User, which has the dependencies."""

    principal: Any
    database: Any
    redis: Any
    settings: Any
    passwords: Any
    login_throttle: Any
    confirmation_throttle: Any
    announcer: Any

    @call(contract.GET_USERS)
    def get_users(self, request: dict[str, Any]) -> dict[str, Any]:
        """Accounts by their ids. Another room gets no address: `get_contact` has the one to write to."""
        found = self.database.read(lambda tx: store.accounts_by_ids(tx, request["user_ids"]))
        if self.principal.user_id is not None:
            return {"users": found}
        return {"users": [{**row._mapping, "email": None, "email_confirmed_at": None} for row in found]}

    @call(contract.GET_BY_NAME)
    def get_by_name(self, request: dict[str, Any]) -> Any:
        """The account with exactly this username, but for case and width. Raises UnknownUser, for a removed one too."""
        found = self.database.read(lambda tx: store.account_by_name(tx, request["username"]))
        if found is None:
            raise contract.UnknownUser()
        return found

    @call(contract.SEARCH)
    def search(self, request: dict[str, Any]) -> dict[str, Any]:
        """Accounts by a part of their texts, the newest first."""
        limit = request["limit"]

        def find(tx: Any) -> tuple[list[str], list[Any]]:
            user_ids = index.find(tx, request["query"], request.get("cursor"), limit + 1)
            return user_ids, store.accounts_by_ids(tx, user_ids[:limit])

        user_ids, found = self.database.read(find)
        return {"users": found, "next_cursor": user_ids[limit - 1] if len(user_ids) > limit else None}

    @call(contract.GRANT)
    def grant(self, request: dict[str, Any]) -> Any:
        """Give a role; an admin of one cinema gives roles there only. Raises Forbidden and UnknownUser."""
        role = self._permitted_role(request)
        return self._change_once(contract.GRANT, request, lambda tx, change: change_roles(
            tx, change, request["user_id"], lambda held: {*held, role}))

    @call(contract.WITHDRAW)
    def withdraw(self, request: dict[str, Any]) -> Any:
        """Take a role, likewise. Raises Forbidden, UnknownUser and LastAdmin."""
        role = self._permitted_role(request)
        return self._change_once(contract.WITHDRAW, request, lambda tx, change: change_roles(
            tx, change, request["user_id"], lambda held: {*held} - {role}))

    @call(contract.SAVE)
    def save(self, request: dict[str, Any]) -> Any:
        """Open an account, or change one. Raises what `grant` and `withdraw` raise, UsernameTaken, FieldsInvalid.

        A repeated key gets the first answer only together with the new account's password (KeyReused).
        """
        permit_house(self.principal)
        request = emails.normalize(request, self.settings.smtputf8)
        return self._save_changes(request) if "user_id" in request else self._open(request)

    @call(contract.REMOVE)
    def remove(self, request: dict[str, Any]) -> Any:
        """Remove an account: its tokens are void at once. Raises Forbidden, UnknownUser and LastAdmin."""
        permit_house(self.principal)

        def remove(tx: Any, change: Change) -> dict[str, Any]:
            removal.remove(tx, change, request["user_id"], utc_now())
            return {}

        return self._change_once(contract.REMOVE, request, remove)

    @call(contract.CLOSE_ACCOUNT)
    def close_account(self, request: dict[str, Any]) -> dict[str, Any]:
        """Close the caller's own account. A wrong password counts as an attempt to sign in. Raises LoginFailed."""
        user_id, username = str(self.principal.user_id), str(self.principal.username)
        source = session_of(self.principal)
        self.passwords.check_capacity(source)
        self.login_throttle.count(username, source)
        account = self.database.read(lambda tx: store.account_by_id(tx, user_id))
        password_hash = account and account.password_hash
        if self.passwords.matching_spelling(password_hash, request["password"], source) is None:
            raise LoginFailed()
        self.login_throttle.reset(username, source)
        change = Change(replace(self.principal, username=None), contract.CLOSE_ACCOUNT)
        self.database.run(lambda tx: removal.close(tx, change, user_id, password_hash, utc_now()))
        self._end_sessions(change)
        return {}

    @every(INDEX_SECONDS)
    def index_accounts(self) -> None:
        """Index the accounts that search does not find yet, such as those of an older version."""
        try:
            while self.database.run(index.index_some):
                pass
        except Exception as problem:  # it is tried again; the room goes on
            log.warning("could not index accounts", exc_info=not isinstance(problem, Busy))

    def _permitted_role(self, request: dict[str, Any]) -> str:
        """The role of the request as an account holds it. Raises Forbidden."""
        cinema_id = request.get("cinema_id")
        permit_role(self.principal, cinema_id)
        return f"{request['role']}@{cinema_id}" if cinema_id else str(request["role"])

    def _change_once(self, method: Method, request: dict[str, Any], work: Any) -> Any:
        """Do `work(tx, change)` once for the request's key, then revoke the tokens that ended with it."""
        change = Change(self.principal, method, request.get("reason"), request.get("cinema_id"))
        key = IdempotencyKey(KEYS, self.principal, method, request)
        reply = key.run_once(self.database, lambda tx: work(tx, change))
        self._end_sessions(change)
        return reply

    def _end_sessions(self, change: Change) -> None:
        if change.revoked:
            tokens.revoke(self.redis, *change.revoked)
            self.announcer.announce_now(TOKENS_REVOKED, *change.revoked)

    def _save_changes(self, request: dict[str, Any]) -> Any:
        if given := {"username", "password"} & request.keys():
            raise FieldsInvalid(fields={name: ["Only a new account is given one."] for name in sorted(given)})
        user_id, email = request["user_id"], request.get("email")
        account = self.database.read(lambda tx: store.account_by_id(tx, user_id))
        requests_link = (email is not None and account is not None and emails.is_another_mailbox(account.email, email)
                         and self.confirmation_throttle.allow(email, user_id))
        details = {name: request[name] for name in DETAILS if name in request}

        def change_both(tx: Any, change: Change) -> Any:
            changed = change_roles(tx, change, user_id, lambda held: {*request.get("roles", held)})
            return change_details(tx, change, user_id, details, requests_link) if details else changed

        return self._change_once(contract.SAVE, request, change_both)

    def _open(self, request: dict[str, Any]) -> Any:
        if missing := {"username", "password"} - request.keys():
            raise FieldsInvalid(fields={name: ["Missing data for required field."] for name in sorted(missing)})
        account = NewAccount(
            new_id(), request["username"], self.passwords.make_hash(request["password"]), request.get("display_name"),
            request.get("email"), roles=sorted({*request.get("roles", [])}), created_at=utc_now())
        requests_link = account.email is not None and self.confirmation_throttle.allow(account.email, account.user_id)

        def open_account(tx: Any, change: Change) -> Any:
            store.add_account(tx, account)
            if requests_link:
                confirmations.request_link(tx, account.user_id)
            change.log(tx, account.user_id, None, {"roles": account.roles})
            return store.account_by_id(tx, account.user_id)

        opened = contract.SAVE.dump(self._change_once(contract.SAVE, request, open_account))
        if opened["user_id"] != account.user_id:
            self._check_password(opened["user_id"], request["password"])
        return opened

    def _check_password(self, user_id: str, password: str) -> None:
        """Raises KeyReused unless this is the account's password: a key's stored request is without it."""
        account = self.database.read(lambda tx: store.account_by_id(tx, user_id))
        if self.passwords.matching_spelling(account and account.password_hash, password) is None:
            raise KeyReused()

"""The user room: accounts, signing in, and e-mail addresses that their owners confirm."""

import logging
from typing import Any

from schemas import user as contract
from schemas.errors import Unauthenticated
from services.foundation.amqp.announcements import Announcer
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events.relay import Relay
from services.foundation.ids import new_id
from services.foundation.purging import PURGE_SECONDS, purge
from services.foundation.redis_client import Redis
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.idempotency import IdempotencyKey, delete_old_replies
from services.foundation.settings import RoomSettings
from services.foundation.timers import StopSignal, every
from services.user import emails, store, time_zones
from services.user.administration import staff_methods
from services.user.attempts import device_store
from services.user.attempts.login_throttle import LoginThrottle
from services.user.attempts.source import address_of
from services.user.confirming import confirmation_methods, confirmations
from services.user.guests import guest_methods, guests
from services.user.guests import store as guest_store
from services.user.models import KEYS, OUTBOX, Base
from services.user.passwords import PasswordProvider
from services.user.records import NewAccount
from services.user.second_factor import cipher, factor_methods
from services.user.self_service import member_methods, sign_in_methods
from services.user.self_service import store as own_store
from services.user.settings import UserSection
from services.user.throttle import CodeThrottle, ConfirmationThrottle, PasswordResetThrottle

log = logging.getLogger("marquee.user")


# Their modules are imported whole, since Nameko takes each class in this namespace for a room.
class User(staff_methods.StaffMethods, member_methods.MemberMethods, sign_in_methods.SignInMethods,
           factor_methods.FactorMethods, confirmation_methods.ConfirmationMethods, guest_methods.GuestMethods):
    """Opens accounts, signs users in and out, and keeps their profiles."""

    name = "user"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    redis = Redis()
    settings = RoomSettings(UserSection)
    passwords = PasswordProvider()
    login_throttle = LoginThrottle()
    confirmation_throttle = ConfirmationThrottle()
    reset_throttle = PasswordResetThrottle()
    code_throttle = CodeThrottle()
    cipher = cipher.CipherProvider()
    announcer = Announcer()
    is_stopping = StopSignal()
    presence = Presence()

    @call(contract.REGISTER)
    def register(self, request: dict[str, Any]) -> dict[str, Any]:
        """Open an account. The username keeps its spelling, and is taken in every other spelling too.

        An address gets nothing but a link until its owner opens that link. A repeated key gets the first answer only
        together with the account's password. With the token of a guest, the guest's orders become the account's.
        """
        request = self._with_normalized_email(request)
        key = IdempotencyKey(KEYS, self.principal, contract.REGISTER, request)

        def open_account(tx: Any) -> dict[str, Any]:
            store.add_account(tx, account)
            if requests_link:
                confirmations.request_link(tx, account.user_id)
            ended[:] = guests.adopt(tx, request.get("guest_token"), account.user_id, account.created_at)
            return {"user_id": account.user_id, "username": account.username}

        ended: list[str] = []
        opened = key.stored_reply(self.database)
        if opened is None:
            account = NewAccount(
                new_id(), request["username"],
                self.passwords.make_hash(request["password"], address_of(self.principal)),
                request.get("display_name"), request.get("email"), roles=[], created_at=utc_now(),
                language=request.get("language"))
            requests_link = self._may_mail_link(account)
            opened = key.run_once(self.database, open_account)
            if opened["user_id"] == account.user_id:
                self._revoke(ended)
                return opened
        self._check_owner(opened["user_id"], request)
        return opened

    @call(contract.GET_PROFILE)
    def get_profile(self, request: dict[str, Any]) -> Any:
        """The caller's own account."""
        return self.database.read(self._profile)

    @call(contract.UPDATE_PROFILE)
    def update_profile(self, request: dict[str, Any]) -> Any:
        """Change display_name, email, time_zone or language (null removes it); a field left out stays.

        A new address has to be confirmed. Raises TooOften for an account that has had many links mailed.
        """
        request = self._with_normalized_email(request)
        key = IdempotencyKey(KEYS, self.principal, contract.UPDATE_PROFILE, request)
        if answered := key.stored_reply(self.database):
            return answered
        before, email = self.database.read(self._profile), request.get("email")
        requests_link = (email is not None and emails.is_another_mailbox(before.email, email)
                         and self.confirmation_throttle.allow(email, before.user_id))

        def change(tx: Any) -> Any:
            account = store.lock_account(tx, before.user_id)
            moves = "email" in request and emails.is_another_mailbox(account.email, email)
            store.update_account(tx, before.user_id, **request, **({"email_confirmed_at": None} if moves else {}))
            if moves:
                confirmations.move(tx, account, requests_link)
            time_zones.record_change(tx, account, request)
            return self._profile(tx)

        return key.run_once(self.database, change)

    @every(PURGE_SECONDS)
    def purge(self) -> None:
        """Delete what has had its time: tokens, devices, links, guests, former addresses, and answers to old keys."""
        now = utc_now()
        purge(self.database, self.is_stopping,
              lambda tx: store.delete_expired_links(tx, now),
              lambda tx: own_store.delete_old_former_emails(tx, now),
              lambda tx: store.delete_expired_tokens(tx, now),
              lambda tx: store.delete_idle_tokens(tx, now - self.settings.token_idle),
              lambda tx: device_store.delete_expired(tx, now),
              lambda tx: guest_store.delete_expired_tokens(tx, now),
              lambda tx: guest_store.delete_expired_links(tx, now),
              lambda tx: guest_store.delete_forgotten(tx, now),
              lambda tx: delete_old_replies(tx, KEYS, now))

    def _may_mail_link(self, account: NewAccount) -> bool:
        """Whether a link may be mailed for a new account. If its username is taken, its address is not counted."""
        if not account.email or self.database.read(lambda tx: store.account_by_name(tx, account.username)):
            return False
        return self.confirmation_throttle.allow(account.email, account.user_id)

    def _check_owner(self, user_id: str, request: dict[str, Any]) -> None:
        """Raises UsernameTaken unless the password is the account's. This counts as an attempt to sign in."""
        username, source = request["username"], address_of(self.principal)
        self.passwords.check_capacity(source)
        self.login_throttle.count(username, source)
        account = self.database.read(lambda tx: store.account_by_id(tx, user_id))
        if self.passwords.matching_spelling(account and account.password_hash, request["password"], source) is None:
            raise contract.UsernameTaken(username=username)
        self.login_throttle.reset(username, source)

    def _profile(self, tx: Any) -> Any:
        found = store.account_by_id(tx, self.principal.user_id)
        if found is None or found.removed_at is not None:
            raise Unauthenticated()
        return found

    def _with_normalized_email(self, request: dict[str, Any]) -> dict[str, Any]:
        return emails.normalize(request, self.settings.smtputf8)

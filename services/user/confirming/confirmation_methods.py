"""The user room's methods by which an address is confirmed, and those that the notification room asks for one."""

from typing import Any

from schemas import user as contract
from schemas.errors import Busy
from services.foundation.database import utc_now
from services.foundation.rpc.calls import call
from services.foundation.rpc.idempotency import IdempotencyKey
from services.user import store
from services.user.confirming import confirmations
from services.user.guests import guests
from services.user.models import KEYS


class ConfirmationMethods:
    """A part of the class User, which has the dependencies."""

    principal: Any
    database: Any
    settings: Any
    confirmation_throttle: Any
    _profile: Any

    @call(contract.SEND_CONFIRMATION)
    def send_confirmation(self, request: dict[str, Any]) -> dict[str, Any]:
        """Mail the link once more. Raises NothingToConfirm, and TooOften for an account or an address.

        Raises Busy if the address changes meanwhile, because only the old one was counted.
        """
        key = IdempotencyKey(KEYS, self.principal, contract.SEND_CONFIRMATION, request)
        if key.stored_reply(self.database) is not None:
            return {}
        profile = self.database.read(self._profile)
        confirmations.check_unconfirmed(profile)
        self.confirmation_throttle.count(profile.user_id)
        self.confirmation_throttle.count(profile.email)

        def request_link(tx: Any) -> dict[str, Any]:
            account = store.lock_account(tx, profile.user_id)
            confirmations.check_unconfirmed(account)
            if account.email != profile.email:
                raise Busy(retry_after=1)
            confirmations.request_link(tx, account.user_id)
            return {}

        return key.run_once(self.database, request_link)

    @call(contract.CONFIRM_EMAIL)
    def confirm_email(self, request: dict[str, Any]) -> dict[str, Any]:
        """Confirm the address that the link was mailed to. Opening it again is harmless. Raises ConfirmationOver."""
        self.database.run_repeatable(lambda tx: confirmations.confirm(tx, request["token"], utc_now()))
        return {}

    # --- for the notification room ---

    @call(contract.GET_CONTACT)
    def get_contact(self, request: dict[str, Any]) -> dict[str, Any]:
        """A user's name, and the address to write to if the user has given and confirmed one; also a guest's."""
        return self.database.read(lambda tx: guests.contact(tx, request["user_id"]))

    @call(contract.ISSUE_CONFIRMATION)
    def issue_confirmation(self, request: dict[str, Any]) -> dict[str, Any]:
        """A link to mail. Links mailed before stay valid: nobody knows which of them arrived."""
        lifetime = self.settings.confirmation_lifetime
        issued = self.database.run_repeatable(
            lambda tx: confirmations.issue_link(tx, request["user_id"], request["number"], utc_now(), lifetime))
        return issued or {"email": None, "token": None}

"""The user room's methods for guests, and those by which other rooms write to them."""

from typing import Any

from schemas import user as contract
from schemas.errors import Unauthenticated
from services.foundation.database import utc_now
from services.foundation.rpc.calls import call
from services.user.guests import guests, store


class GuestMethods:
    """A part of the class User, which has the dependencies."""

    principal: Any
    database: Any
    settings: Any
    confirmation_throttle: Any
    _with_normalized_email: Any
    _revoke: Any

    @call(contract.START_GUEST)
    def start_guest(self, request: dict[str, Any]) -> dict[str, Any]:
        """A token for `user.guest_days`. A repeated call starts another guest, who has nothing yet."""
        return self.database.run_repeatable(
            lambda tx: guests.start(tx, utc_now(), self.settings.guest_lifetime, request.get("language")))

    @call(contract.OPEN_ORDER)
    def open_order(self, request: dict[str, Any]) -> dict[str, Any]:
        """A token of the guest whose order it is, by an unused link. Raises LinkOver, OtherGuest."""
        opener = guests.Opener(request.get("guest_token"), request["same_guest"])
        return self.database.run(
            lambda tx: guests.open_link(tx, request["token"], utc_now(), self.settings.guest_lifetime, opener))

    @call(contract.SEND_ORDER_LINK)
    def send_order_link(self, request: dict[str, Any]) -> dict[str, Any]:
        """Mail another link. Raises LinkOver. An address gets a few an hour; further ones come later."""
        self.database.run(lambda tx: guests.request_link(tx, request["token"], utc_now()))
        return {}

    # --- for other rooms ---

    @call(contract.KEEP_GUEST_ADDRESS)
    def keep_guest_address(self, request: dict[str, Any]) -> dict[str, Any]:
        """Keep the caller's address until then, and the language. Raises FieldsInvalid if no message can reach it."""
        if not self.principal.is_guest:
            raise Unauthenticated()
        email = self._with_normalized_email(request)["email"]
        principal = self.principal
        self._revoke(self.database.run_repeatable(lambda tx: guests.keep_address(
            tx, str(principal.user_id), email, request["until"], principal.token_id, request.get("language"))))
        return {}

    @call(contract.ISSUE_ORDER_LINK)
    def issue_order_link(self, request: dict[str, Any]) -> dict[str, Any]:
        """A link to mail. Raises TooOften for an unconfirmed address that has had many, whoever has named it."""
        guest = self.database.read(lambda tx: store.guest_by_id(tx, request["user_id"]))
        if guest and guest.email and guest.email_confirmed_at is None:
            self.confirmation_throttle.count(guest.email)
        return self.database.run_repeatable(lambda tx: guests.issue_link(tx, request["user_id"], request["order_id"]))

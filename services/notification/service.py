"""The notification room: sends buyers one message for each event about their orders, and keeps it to be read.

An address that its owner has not confirmed gets nothing but the request to confirm it.
"""

import logging
from typing import Any

from schemas import notification as contract
from schemas import order, user
from schemas.base import Event
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events import inbox
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.purging import PURGE_SECONDS, purge, repeat
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.client import Remote
from services.foundation.settings import RoomSettings
from services.foundation.timers import StopSignal, TimerWaker, every
from services.notification import member_messages, rules, store
from services.notification.email_delivery import EmailDeliveryProvider
from services.notification.models import INBOX, Base
from services.notification.sender import MessageSender
from services.notification.settings import NotificationSection

log = logging.getLogger("marquee.notification")


class Notification:
    """Writes a message for each event that calls for one, and sends what waits."""

    name = "notification"

    principal = PrincipalProvider()
    database = Database(Base)
    remote = Remote()
    settings = RoomSettings(NotificationSection, at_start=("post", "sender", "smtp"))
    email_delivery = EmailDeliveryProvider()
    is_stopping = StopSignal()
    wake_sender = TimerWaker("send")
    presence = Presence()

    # --- for members ---

    @call(contract.GET_MESSAGES)
    def get_messages(self, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's messages, the newest first; `next_cursor` asks for the rest."""
        page = self.database.read(
            lambda tx: member_messages.page(tx, self._user_id, request.get("cursor"), request["limit"]))
        return {**page, "server_time": utc_now()}

    @call(contract.GET_UNREAD)
    def get_unread(self, request: dict[str, Any]) -> dict[str, Any]:
        """How many of the caller's messages are unread."""
        return {"unread": self.database.read(lambda tx: store.count_unread(tx, self._user_id))}

    @call(contract.MARK_READ)
    def mark_read(self, request: dict[str, Any]) -> dict[str, Any]:
        """Mark the caller's messages as read; those of others stay as they are."""
        now = utc_now()
        return {"unread": self.database.run_repeatable(
            lambda tx: member_messages.mark_read(tx, self._user_id, request["message_ids"], now))}

    @property
    def _user_id(self) -> str:
        return str(self.principal.user_id)

    # --- events ---

    @on_event(order.PAID)
    def order_paid(self, delivery: Delivery) -> None:
        """Also for an order revived by a late payment."""
        self._add_order_message(order.PAID, delivery)

    @on_event(order.PART_REFUNDED)
    def order_part_refunded(self, delivery: Delivery) -> None:
        """Some seats were given back."""
        self._add_order_message(order.PART_REFUNDED, delivery)

    @on_event(order.REFUNDING)
    def order_refunding(self, delivery: Delivery) -> None:
        """Calls for a message if the screening was cancelled."""
        self._add_order_message(order.REFUNDING, delivery)

    @on_event(order.REFUNDED)
    def order_refunded(self, delivery: Delivery) -> None:
        """All the money has gone back."""
        self._add_order_message(order.REFUNDED, delivery)

    @on_event(order.CANCELLED)
    def order_cancelled(self, delivery: Delivery) -> None:
        """By its buyer, or with its screening."""
        self._add_order_message(order.CANCELLED, delivery)

    @on_event(order.PAID_LATE)
    def order_paid_late(self, delivery: Delivery) -> None:
        """A payment that came too late goes back."""
        self._add_order_message(order.PAID_LATE, delivery)

    @on_event(user.EMAIL_GIVEN)
    def email_given(self, delivery: Delivery) -> None:
        """Ask the owner to confirm the address."""
        self._add_message(rules.CONFIRM_EMAIL, delivery, delivery.body["user_id"])

    @on_event(user.EMAIL_CONFIRMED)
    def email_confirmed(self, delivery: Delivery) -> None:
        """Send what has waited for the confirmation."""
        self.database.run(lambda tx: store.release_unconfirmed(tx, utc_now(), delivery.body["user_id"]))
        self.wake_sender()

    @on_event(user.PASSWORD_RESET_REQUESTED)
    def password_reset_requested(self, delivery: Delivery) -> None:
        """Mail the link that sets a new password."""
        self._add_message(rules.NEW_PASSWORD, delivery, delivery.body["user_id"])

    @on_event(user.PASSWORD_CHANGED)
    def password_changed(self, delivery: Delivery) -> None:
        """Tell the holder of the account, in case it was somebody else."""
        self._add_message(rules.PASSWORD_CHANGED, delivery, delivery.body["user_id"])

    @on_event(user.SECOND_FACTOR_SET)
    def second_factor_set(self, delivery: Delivery) -> None:
        """Tell the holder of the account, in case it was somebody else."""
        self._add_message(rules.SECOND_FACTOR_SET, delivery, delivery.body["user_id"])

    @on_event(user.SECOND_FACTOR_REMOVED)
    def second_factor_removed(self, delivery: Delivery) -> None:
        """Tell the holder of the account, in case it was somebody else."""
        self._add_message(rules.SECOND_FACTOR_REMOVED, delivery, delivery.body["user_id"])

    @on_event(user.EMAIL_CHANGED)
    def email_changed(self, delivery: Delivery) -> None:
        """Tell the address of before."""
        self._add_message(rules.EMAIL_CHANGED, delivery, delivery.body["user_id"])

    @on_event(user.ORDER_LINK_REQUESTED)
    def order_link_requested(self, delivery: Delivery) -> None:
        """Mail a guest another link to an order."""
        self._add_message(rules.ORDER_LINK, delivery, delivery.body["user_id"])

    @on_event(user.GUEST_ADOPTED)
    def guest_adopted(self, delivery: Delivery) -> None:
        """A guest has signed in, and reads what was sent to the guest."""
        body = delivery.body
        self.database.run_repeatable(
            lambda tx: store.add_adopted(tx, body["guest_id"], body["user_id"], utc_now()))

    def _add_order_message(self, event: Event, delivery: Delivery) -> None:
        """Write the message that this event calls for, if any."""
        kind = rules.kind_of(event.type, delivery.body)
        if kind is not None:
            self._add_message(kind, delivery, delivery.body["buyer_id"])

    def _add_message(self, kind: str, delivery: Delivery, user_id: str) -> None:
        """Write a message together with the inbox row, so that a repeated event adds none."""
        def add(tx: Any) -> None:
            if inbox.first_time(tx, INBOX, delivery):
                store.add(tx, kind, delivery, user_id, utc_now())

        self.database.run(add)
        self.wake_sender()

    @every("send_seconds")
    def send(self) -> None:
        """Send the messages that are due."""
        try:
            MessageSender(self.database, self.remote, self.is_stopping, self.settings, self.email_delivery).send_due()
        except Exception as problem:  # it is tried again; the room goes on
            log.warning("messages can't be sent", extra={"problem": f"{type(problem).__name__}: {problem}"})

    @every(PURGE_SECONDS)
    def purge(self) -> None:
        """Delete old messages that were sent, their files, and old inbox rows."""
        before = utc_now() - self.settings.kept
        purge(self.database, self.is_stopping,
              lambda tx: store.purge(tx, before),
              lambda tx: store.purge_adopted(tx, before),
              lambda tx: inbox.purge(tx, INBOX, before))
        repeat(lambda: self.email_delivery.channel.delete_old(before), self.is_stopping)

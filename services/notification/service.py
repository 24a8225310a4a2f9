"""The notification room: writes to buyers what has become of their orders, once for each event.

Nobody is written to at an address that its owner has not confirmed, except to ask for that.
"""

import datetime as dt
import logging
from typing import Any

from nameko import config

from schemas import order, user
from schemas.base import Event
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events import inbox
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.rpc.client import Remote
from services.foundation.timers import StopSignal, every
from services.notification import rules, store
from services.notification.delivery.channel import PostOffice
from services.notification.models import INBOX, Base
from services.notification.sender import Sending

log = logging.getLogger("marquee.notification")
PURGE_SECONDS = 600


class Notification:
    name = "notification"

    database = Database(Base)
    remote = Remote()
    post_office = PostOffice()
    leaving = StopSignal()
    presence = Presence()

    @on_event(order.PAID)
    def order_paid(self, delivery: Delivery) -> None:
        """Also of an order revived by a late payment."""
        self._note(order.PAID, delivery)

    @on_event(order.PART_REFUNDED)
    def order_part_refunded(self, delivery: Delivery) -> None:
        """Some seats were given back."""
        self._note(order.PART_REFUNDED, delivery)

    @on_event(order.REFUNDING)
    def order_refunding(self, delivery: Delivery) -> None:
        """Worth a message when the screening was cancelled."""
        self._note(order.REFUNDING, delivery)

    @on_event(order.REFUNDED)
    def order_refunded(self, delivery: Delivery) -> None:
        """All the money has gone back."""
        self._note(order.REFUNDED, delivery)

    @on_event(order.CANCELLED)
    def order_cancelled(self, delivery: Delivery) -> None:
        """By its buyer, or with its screening."""
        self._note(order.CANCELLED, delivery)

    @on_event(order.PAID_LATE)
    def order_paid_late(self, delivery: Delivery) -> None:
        """Money that came too late goes back."""
        self._note(order.PAID_LATE, delivery)

    @on_event(user.EMAIL_GIVEN)
    def email_given(self, delivery: Delivery) -> None:
        """Ask whether it is theirs."""
        self._write_down(rules.CONFIRM_EMAIL, delivery, delivery.body["user_id"])

    @on_event(user.EMAIL_CONFIRMED)
    def email_confirmed(self, delivery: Delivery) -> None:
        """What has waited for that is sent."""
        self.database.run(lambda tx: store.unpark(tx, utc_now(), delivery.body["user_id"]))

    def _note(self, event: Event, delivery: Delivery) -> None:
        """Write down the message that this event calls for, if any."""
        kind = rules.kind_of(event.type, delivery.body)
        if kind is not None:
            self._write_down(kind, delivery, delivery.body["buyer_id"])

    def _write_down(self, kind: str, delivery: Delivery, to: str) -> None:
        """With the inbox row that makes it one message."""
        def note(tx: Any) -> None:
            if inbox.first_time(tx, INBOX, delivery):
                store.note(tx, kind, delivery, to, utc_now())

        self.database.run(note)

    @every("send_seconds")
    def send(self) -> None:
        """Send what is due."""
        try:
            Sending(self.database, self.remote, self.leaving, *self.post_office).send_due()
        except Exception as problem:  # it is tried again; the room lives on
            log.warning("messages can't be sent", extra={"problem": f"{type(problem).__name__}: {problem}"})

    @every(PURGE_SECONDS)
    def forget_the_old(self) -> None:
        """Drop messages that were sent long ago, and the events they came from."""
        before = utc_now() - dt.timedelta(days=config["notification"]["kept_days"])
        try:
            self.database.run(lambda tx: store.forget(tx, before))
            self.database.run(lambda tx: inbox.purge(tx, INBOX, before))
        except Exception as problem:
            log.warning("could not purge", extra={"problem": type(problem).__name__})

"""Writes the e-mail of a message, once the user room has said to whom. No address is kept here."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import orjson

from schemas import order, user
from services.foundation.database import utc_now
from services.foundation.rpc.client import RemoteCaller
from services.notification import rules
from services.notification.delivery.errors import AddressUnconfirmed, PickUpCodeMissing
from services.notification.email_delivery import EmailDelivery
from services.notification.records import DueMessage
from services.notification.writing import (
    account_change_email,
    confirmation_email,
    email_template,
    order_link_email,
    password_reset_email,
)
from services.notification.writing.email_template import EmailContext

Write = Callable[[DueMessage], EmailMessage | None]


@dataclass(frozen=True)
class EmailWriter:
    """`unconfirmed_lifetime`: for so long a message waits for its address to be confirmed."""

    remote: RemoteCaller
    delivery: EmailDelivery
    unconfirmed_lifetime: dt.timedelta

    def write(self, message: DueMessage) -> EmailMessage | None:
        """The e-mail; None if there is nobody to send it to.

        Raises AddressUnconfirmed, PickUpCodeMissing, Undeliverable, and Busy.
        """
        kinds: dict[str, Write] = {
            rules.CONFIRM_EMAIL: self._confirmation_email, rules.NEW_PASSWORD: self._password_reset_email,
            rules.EMAIL_CHANGED: self._email_changed_email, rules.ORDER_LINK: self._order_link_email,
            **dict.fromkeys(rules.TO_THE_HOLDER, self._account_changed_email)}
        return kinds.get(message.kind, self._order_email)(message)

    def _order_email(self, message: DueMessage) -> EmailMessage | None:
        """The e-mail about an order; None if there is no address to send it to."""
        contact = self.remote.call(user.GET_CONTACT, {"user_id": message.buyer_id})
        is_guest = contact.get("guest")    # a user room of the version before does not say
        if is_guest and message.kind in rules.WITH_TICKETS:
            return self._guest_email(message, contact)
        if contact["unconfirmed"] and rules.waits_for_address(message.occurred_at, utc_now(),
                                                              self.unconfirmed_lifetime):
            raise AddressUnconfirmed()
        if not contact["email"] and (is_guest or self.delivery.channel.needs_address):
            return None
        return (self._guest_email if is_guest else self._member_email)(message, contact)

    def _member_email(self, message: DueMessage, contact: dict[str, Any]) -> EmailMessage:
        return email_template.write(message, contact, self._context(contact), found=self._tickets(message))

    def _guest_email(self, message: DueMessage, contact: dict[str, Any]) -> EmailMessage | None:
        """The e-mail about an order of a guest, with a link that opens it; None if the guest has given no address."""
        found = self._tickets(message)    # before the link, of which an hour has only some
        link = self._order_link(message)
        if link["token"] is None:
            return None
        if contact["email"] not in (None, link["email"]):    # it was replaced meanwhile
            raise AddressUnconfirmed()
        return email_template.write(message, {**contact, "email": link["email"]}, self._context(contact),
                                    link["token"], found)

    def _tickets(self, message: DueMessage) -> dict[str, Any] | None:
        """The tickets that belong into the e-mail, as they are by now; they are kept nowhere else than at the order."""
        if message.kind not in rules.WITH_TICKETS:
            return None
        found: dict[str, Any] = self.remote.call(order.GET_TICKETS_TO_MAIL, {"order_id": message.order_id})
        facts = email_template.FACTS.load(orjson.loads(message.facts))
        if rules.waits_for_pick_up(message.occurred_at, utc_now(), facts, found["pick_up_code"]):
            raise PickUpCodeMissing()
        return found

    def _order_link_email(self, message: DueMessage) -> EmailMessage | None:
        """The e-mail with another link to an order; None if it belongs to an account by now."""
        link = self._order_link(message)
        return order_link_email.write(message, link, self._context(link)) if link["token"] else None

    def _order_link(self, message: DueMessage) -> dict[str, Any]:
        return dict(self.remote.call(user.ISSUE_ORDER_LINK, {
            "user_id": message.buyer_id, "order_id": message.order_id}))

    def _confirmation_email(self, message: DueMessage) -> EmailMessage | None:
        """The e-mail with the link that confirms an address; None if there is nothing to confirm any more."""
        link = self.remote.call(user.ISSUE_CONFIRMATION, _event_about(message))
        return confirmation_email.write(message, link, self._context(link)) if link["token"] else None

    def _password_reset_email(self, message: DueMessage) -> EmailMessage | None:
        """The e-mail with the link that sets a new password; None if the account's address has changed since."""
        link = self.remote.call(user.ISSUE_PASSWORD_RESET, _event_about(message))
        return password_reset_email.write(message, link, self._context(link)) if link["token"] else None

    def _account_changed_email(self, message: DueMessage) -> EmailMessage | None:
        """The e-mail about another way into the account; None if the account has no confirmed address."""
        return self._change_email(message, self.remote.call(user.GET_CONTACT, {"user_id": message.buyer_id}))

    def _email_changed_email(self, message: DueMessage) -> EmailMessage | None:
        """The e-mail to the address that an account had before; None if it was closed since."""
        return self._change_email(message, self.remote.call(user.GET_FORMER_EMAIL, _event_about(message)))

    def _change_email(self, message: DueMessage, to: dict[str, Any]) -> EmailMessage | None:
        return account_change_email.write(message, to["email"], self._context(to)) if to["email"] else None

    def _context(self, to: dict[str, Any]) -> EmailContext:
        """In the language that is the reader's by now; a user room of the version before does not say."""
        return self.delivery.context.in_language(to.get("language"))


def _event_about(message: DueMessage) -> dict[str, Any]:
    """The account, and the number of the event that the message is about."""
    return {"user_id": message.buyer_id, "number": orjson.loads(message.facts)["number"]}

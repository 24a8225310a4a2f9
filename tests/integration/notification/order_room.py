"""An order room that knows the tickets of every order, for the mails that have them."""

from typing import Any

from schemas import order
from services.foundation.amqp.presence import Presence
from services.foundation.rpc.calls import PrincipalProvider, call
from tests.unit.notification.samples import tickets_to_mail


class Order:
    name = "order"

    principal = PrincipalProvider()
    presence = Presence()

    @call(order.GET_TICKETS_TO_MAIL)
    def get_tickets_to_mail(self, request: dict[str, Any]) -> dict[str, Any]:
        return tickets_to_mail()

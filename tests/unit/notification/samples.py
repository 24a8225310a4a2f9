"""Samples: settings, the body of an order's event, and a message about it."""

import datetime as dt
from typing import Any

import orjson

from schemas import order
from schemas.user import GET_CONTACT
from services.notification.records import DueMessage
from services.notification.settings import load
from services.notification.writing.email_template import EmailContext

NOON = dt.datetime(2026, 11, 21, 11, tzinfo=dt.UTC)
SETTINGS: dict[str, Any] = {
    "environment": "local", "public_url": "https://cinema.example/", "language": "en", "run_folder": ".run",
    "allow_test_money": False, "WEB_SERVER_ADDRESS": "127.0.0.1:8000",
    "notification": {
        "post": None, "sender": "Marquee <tickets@cinema.example>", "send_seconds": 1, "pauses": [5, 30], "tries": 30,
        "unconfirmed_hours": 48, "mails_an_hour": 30, "kept_days": 90, "smtp": {
            "host": None, "port": 587, "security": "starttls", "user": "", "password": "", "ca_file": None,
            "timeout": 10}},
}


def facts(screening: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The body of an order's event, as its consumers get it."""
    body = {
        "order_id": "o1", "buyer_id": "b1", "status": "paid", "total": 2500, "refunded": 0, "currency": "EUR",
        "seats": [{"seat_id": "F7", "price": 1250}, {"seat_id": "F8", "price": 1250}], "returned_seats": [],
        "refund": None, "reason": None, "revived": False,
        "screening": {"screening_id": "s1", "film_title": "Metropolis", "cinema_name": "Kino am Kanal",
                      "hall_name": "Hall 2", "starts_at": "2026-11-21T20:15:00+01:00", **(screening or {})},
        **changes,
    }
    return dict(order.OrderEvent().load(body))


def message(kind: str = "paid", event_id: str = "e1", **changes: Any) -> DueMessage:
    """A message about order o1; `changes` are to the facts of its event."""
    return DueMessage(message_id="m1", event_id=event_id, kind=kind, order_id="o1", buyer_id="b1",
                      facts=orjson.dumps(facts(**changes)), occurred_at=NOON, tries=1)


def tickets_to_mail(**changes: Any) -> dict[str, Any]:
    """The tickets of order o1, as the order room gives them."""
    return {"tickets": [{"ticket_id": f"t-{seat}", "seat_id": seat, "code": f"M1.key.t-{seat}~s1~{seat}.signature"}
                        for seat in ("F7", "F8")],
            "calendar": "BEGIN:VCALENDAR\r\nSUMMARY:大都会\r\nEND:VCALENDAR\r\n", "pick_up_code": None,
            "cinema_address": "Ufer 1, Berlin", **changes}


def contact(name: str | None = "Ada", email: str | None = "ada@mail.example") -> dict[str, Any]:
    return GET_CONTACT.dump({"user_id": "b1", "display_name": name, "email": email, "unconfirmed": False})


def context(**changes: Any) -> EmailContext:
    """What all e-mails have in common; `changes` are to SETTINGS."""
    config = {**SETTINGS, **changes}
    return EmailContext.of(config, load(config).sender)

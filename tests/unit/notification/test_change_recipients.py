"""The holder of an account hears of each change of how to get into it, at the address that was the holder's before."""

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import nameko
import orjson
import pytest
from nameko.testing.services import worker_factory

from schemas import user
from schemas.base import Event
from services.foundation.events import inbox
from services.foundation.events.consumers import Delivery
from services.notification import rules, store
from services.notification.delivery.folder import FolderChannel
from services.notification.email_delivery import EmailDelivery
from services.notification.email_writer import EmailWriter
from services.notification.service import Notification
from tests.drivers.received_emails import parse_email
from tests.unit.notification.samples import NOON, contact, context, message

EVENTS = {"pauses": [1], "tries": 1, "at_once": 1, "handler_seconds": 60, "poll_seconds": 1, "kept_days": 1}
NOW, BEFORE = "ada@mail.example", "ada@before.example"
CHANGES = {user.PASSWORD_CHANGED: NOW, user.SECOND_FACTOR_SET: NOW, user.SECOND_FACTOR_REMOVED: NOW,
           user.EMAIL_CHANGED: BEFORE}


class UserRoom:
    """Knows the address of Ada's account, and the one that event 3 has replaced."""

    def call(self, method: Any, fields: dict[str, Any]) -> dict[str, Any]:
        match method.name, fields:
            case "get_contact", {"user_id": "ada"}:
                return contact(email=NOW)
            case "get_former_email", {"user_id": "ada", "number": 3}:
                return {"email": BEFORE}
        raise AssertionError((method.name, fields))


def kind_of(event: Event, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kind of the one message to Ada that this event makes."""
    methods = [method for _, method in inspect.getmembers(Notification, inspect.isfunction)]
    [consume] = [method for method in methods for entrypoint in getattr(method, "nameko_entrypoints", ())
                 if getattr(entrypoint, "event", None) is event]
    add, database = Mock(), Mock()
    database.run = lambda work: work(None)
    monkeypatch.setattr(inbox, "first_time", lambda *_: True)
    monkeypatch.setattr(store, "add", add)
    with nameko.config.patch({"events": EVENTS}):
        consume(worker_factory(Notification, database=database),
                Delivery("notification", "e1", "ada", 3, NOON, {"user_id": "ada"}, 0))
    [(_, kind, delivery, user_id, _)] = [call.args for call in add.mock_calls]
    assert (delivery.sequence, user_id) == (3, "ada")
    return str(kind)


@pytest.mark.parametrize("event", CHANGES, ids=lambda event: event.type)
def test_a_change_is_mailed_to_the_address_of_before(event: Event, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    kind, rooms = kind_of(event, monkeypatch), UserRoom()
    written: Any = EmailWriter(rooms, EmailDelivery(FolderChannel(tmp_path), context()), rules.MAIL_WINDOW).write(
        replace(message(kind), buyer_id="ada", facts=orjson.dumps({"user_id": "ada", "number": 3})))
    told = parse_email(written.as_bytes())
    assert told.to == CHANGES[event]
    assert context().translations.text(f"{kind}.subject") == told.subject

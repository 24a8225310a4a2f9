"""A room that repeats, waits, fails and announces, as a test asks."""

import time
from typing import Any

import eventlet
from marshmallow import fields, validate

from schemas.base import Announcement, Method, Nothing, Schema
from schemas.errors import Forbidden
from schemas.order.refusals import SeatsTaken
from services.foundation.amqp.announcements import Announcer, on_announcement
from services.foundation.amqp.presence import Presence
from services.foundation.redis_client import Redis
from services.foundation.rpc.calls import PrincipalProvider, call

A_WHILE = 60  # seconds; longer than any test waits for its work to end by itself


class Words(Schema):
    text = fields.String(required=True)
    anything = fields.Raw()


class WaitRequest(Schema):
    """`note` is counted in Redis when the work begins and when it is done; `finish:<note>` there ends it early."""

    note = fields.String(required=True)
    seconds = fields.Float(required=True)


class FailRequest(Schema):
    how = fields.String(required=True, validate=validate.OneOf(["refuse", "forbid", "break", "time out", "babble"]))


class AnnounceRequest(Schema):
    """`note`: wait first until `finish:<note>` in Redis says so."""

    ids = fields.List(fields.String(), required=True)
    note = fields.String(load_default="")


class Anything(Schema):
    anything = fields.Raw()


SAY = Method("echo", "say", Words, Words, "public", "The same text.", reads=True, deadline=3)
WAIT = Method("echo", "wait", WaitRequest, Nothing, "public", "Work for a while.", deadline=3)
FAIL = Method("echo", "fail", FailRequest, Anything, "public", "Fail in a chosen way.", deadline=3)
ANNOUNCE = Method("echo", "announce", AnnounceRequest, Nothing, "public", "Announce ids.", deadline=3)
MANAGE = Method("echo", "manage", Nothing, Nothing, "admin", "Only for an administrator.", deadline=3)
HEARD = Announcement("echo", "heard", about="whatever was asked for")


class Echo:
    name = "echo"

    principal = PrincipalProvider()
    announcer = Announcer()
    presence = Presence()
    redis = Redis()

    @call(SAY)
    def say(self, request: dict[str, Any]) -> dict[str, Any]:
        """Reply with the same text."""
        return request

    @call(WAIT)
    def wait(self, request: dict[str, Any]) -> dict[str, Any]:
        """Count the beginning, wait, count the end."""
        self.redis.incr(f"begun:{request['note']}")
        self._wait(request["note"], request["seconds"])
        self.redis.incr(f"done:{request['note']}")
        return {}

    def _wait(self, note: str, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and not self.redis.get(f"finish:{note}"):
            eventlet.sleep(min(left, 0.05))

    @call(FAIL)
    def fail(self, request: dict[str, Any]) -> dict[str, Any]:
        """Fail as asked."""
        match request["how"]:
            case "refuse":
                raise SeatsTaken(seats=["F7", "F8"], price=1250, share=0.5, none=None)
            case "forbid":
                raise Forbidden()
            case "break":
                raise ZeroDivisionError("a bug of ours")
            case "time out":
                raise eventlet.Timeout()
        return {"anything": {1, 2}}  # not JSON

    @call(ANNOUNCE)
    def announce(self, request: dict[str, Any]) -> dict[str, Any]:
        """Announce the ids, at once or when told to."""
        if request["note"]:
            self._wait(request["note"], A_WHILE)
        self.announcer.announce(HEARD, *request["ids"])
        return {}

    @call(MANAGE)
    def manage(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do nothing, for administrators only."""
        return {}

    @on_announcement(HEARD)
    def hear(self, ids: list[str]) -> None:
        self.redis.rpush("heard", *ids)

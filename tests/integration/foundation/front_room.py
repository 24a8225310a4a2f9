"""A room that calls the echo room as rooms call each other, and reports the outcome."""

import dataclasses
import time
from typing import Any

import eventlet
import orjson
from marshmallow import fields

from schemas.base import Method, Schema
from schemas.errors import Refusal
from services.foundation.amqp.presence import on_presence
from services.foundation.redis_client import Redis
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.client import Remote, RemoteCaller


class AskRequest(Schema):
    """What to call, and how long to wait for it; with `waits` not before `call:<note>` in Redis says so."""

    room = fields.String(load_default="echo")
    method = fields.String(required=True)
    sending = fields.Dict(load_default=dict)
    deadline = fields.Float(load_default=3.0)
    waits = fields.Boolean(load_default=False)
    note = fields.String(load_default="")


class AskReply(Schema):
    """`outcome` is `ok`, a refusal's code or an exception's name; `pending` counts replies still awaited."""

    outcome = fields.String(required=True)
    answer = fields.Raw()
    about = fields.Raw()
    seconds = fields.Float(required=True)
    pending = fields.Integer(required=True)


ASK = Method("front", "ask", AskRequest, AskReply, "public", "Call the echo room.", deadline=30)


class CountedRemote(Remote):
    """Injects the caller together with the number of replies still awaited."""

    def get_dependency(self, worker_ctx: Any) -> Any:
        return super().get_dependency(worker_ctx), lambda: len(self.replies.pending)


class Front:
    name = "front"

    principal = PrincipalProvider()
    remote = CountedRemote()
    redis = Redis()

    @call(ASK)
    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Call, reply with the outcome, and note it in Redis."""
        remote, pending = self.remote
        self.redis.incr(f"asking:{request['note']}")
        while request["waits"] and not self.redis.get(f"call:{request['note']}"):
            eventlet.sleep(0.05)
        started = time.monotonic()
        told = self._ask(remote, request)
        told |= {"seconds": time.monotonic() - started, "pending": pending()}
        self.redis.set(f"asked:{request['note']}", orjson.dumps(told))
        return told

    def _ask(self, remote: RemoteCaller, request: dict[str, Any]) -> dict[str, Any]:
        method = dataclasses.replace(ASK, room=request["room"], name=request["method"], deadline=request["deadline"])
        try:
            return {"outcome": "ok", "answer": remote.call(method, request["sending"])}
        except Refusal as refusal:
            return {"outcome": refusal.code, "about": refusal.about}
        except Exception as problem:
            return {"outcome": type(problem).__name__}

    @on_presence()
    def meet(self, words: dict[str, Any]) -> None:
        self.redis.rpush(f"presence:{words['room']}", orjson.dumps(words))

"""A room that publishes events and consumes them itself, and fails or dies as a test's settings ask."""

import os
import signal
from contextlib import suppress
from typing import Any

import eventlet
from marshmallow import fields
from nameko import config
from sqlalchemy import Column, Integer, String, Table, insert
from sqlalchemy.orm import DeclarativeBase

from schemas.base import Event, Method, Nothing, Schema
from services.foundation.database import Database
from services.foundation.events import inbox, outbox
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.events.inbox import inbox_table
from services.foundation.events.outbox import outbox_table
from services.foundation.events.relay import Relay
from services.foundation.redis_client import Redis
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.idempotency import AlreadyAnswered, IdempotencyKey, key_table

# What a test wants to happen; `--define` of `nameko run` sets it.
WISHES: dict[str, Any] = config.get("news") or {}
URIS = config["DB_URIS"]
config["DB_URIS"] = {**URIS, "news:Base": URIS["order:Base"].replace("/marquee_order?", "/marquee_news?")}


class Base(DeclarativeBase):
    pass


OUTBOX, INBOX, KEYS = outbox_table(Base.metadata), inbox_table(Base.metadata), key_table(Base.metadata)
EFFECT = Table("effect", Base.metadata, Column("number", Integer, primary_key=True, autoincrement=True),
               Column("about", String(64)), Column("request_id", String(64)))


class Something(Schema):
    text = fields.String(required=True)


class HappenRequest(Schema):
    about = fields.List(fields.String(), required=True)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if WISHES.get("dies_before_mark"):
    outbox.mark_published = lambda tx, table, event_ids: die() if event_ids else None
HAPPENED = Event("news", "news.happened", 1, Something, "Something happened.")
HAPPEN = Method("news", "happen", HappenRequest, Nothing, "public", "Let things happen.", deadline=10)


class News:
    name = "news"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    redis = Redis()

    @call(HAPPEN)
    def happen(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write one event per name."""
        key = IdempotencyKey(KEYS, self.principal, HAPPEN, request)

        def write(tx: Any) -> None:
            key.raise_if_answered(tx)
            for about in request["about"]:
                outbox.write(tx, OUTBOX, HAPPENED, about=about, sequence=1, body={"text": f"of {about}", "x": 1})

            key.store_reply(tx, {})

        with suppress(AlreadyAnswered):
            self.database.run(write)
        return {}

    @on_event(HAPPENED)
    def hear(self, delivery: Delivery) -> None:
        """Write one row per event, then fail or die as wished."""
        tries = self.redis.incr(f"tries:{delivery.about}")
        if delivery.about == WISHES.get("poison"):
            eventlet.sleep(1)  # the others get away
            die()
        if tries <= WISHES.get("hangs", 0):
            eventlet.sleep(60)
        if tries <= WISHES.get("failures", 0):
            raise ZeroDivisionError("as wished")

        def effect(tx: Any) -> None:
            if inbox.first_time(tx, INBOX, delivery):
                tx.execute(insert(EFFECT), {"about": delivery.about, "request_id": self.principal.request_id})

        self.database.run(effect)
        # After the effect, before the acknowledgement.
        if "dies_every" in WISHES and self.redis.incr("heard") % WISHES["dies_every"] == 0:
            self.redis.incr("deaths")
            die()

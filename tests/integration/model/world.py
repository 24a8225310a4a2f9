"""The rooms that move seats, money and snacks, on real servers, in one process and at one place in time."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nameko import config
from nameko.exceptions import RemoteError, deserialize, serialize
from nameko.testing.services import worker_factory
from sqlalchemy import Engine

from schemas import payment
from schemas.base import Announcement, Method
from schemas.errors import OutcomeUnknown, Refusal, RoomSilent, RoomUnavailable
from services.film.service import Film
from services.foundation.amqp import json_serializer
from services.foundation.database import Transactions, make_engine
from services.foundation.redis_client import connect
from services.foundation.rpc.calls import Principal
from services.kitchen import settings as kitchen_settings
from services.kitchen.service import Kitchen
from services.loyalty import settings as loyalty_settings
from services.loyalty.service import Loyalty
from services.order import settings
from services.order.screenings.screening_snapshot import ScreeningSnapshots
from services.order.seat_boards import SeatBoards
from services.order.service import Order
from services.order.tickets.codes import TicketKeys
from services.payment import settings as payment_settings
from services.payment.sandbox import webhooks
from services.payment.service import Payment
from services.wallet import settings as wallet_settings
from services.wallet.service import Wallet
from tests.drivers.known_users import KnownUsers
from tests.drivers.sequential_job_pool import SequentialJobPool
from tests.integration.model.accidents import Accidents, BreakableTransactions, Crash
from tests.integration.model.board import BoardAtModelTime
from tests.integration.model.clock import Clock

BREAKABLE = ("order", "payment", "kitchen", "loyalty", "wallet")


# What a room says when a chore has met something that nobody had thought of.
COMPLAINTS = ("%s failed", "a timer failed", "could not tidy up", "a job could not finish",
              "a sweep of an order failed", "a payment can't be closed", "a refund is refused",
              "a member's points differ from their entries")


class Unclear(Exception):
    """The caller has no answer, and does not know what has happened."""


class ComplaintLog(logging.Handler):
    """Hears what the rooms complain of in their logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg in COMPLAINTS:
            self.heard.append(f"{record.getMessage()}: {getattr(record, 'problem', record.exc_info)}")


class Hints:
    """Nobody is there to hear announcements, which may be lost anyway."""

    def announce(self, announcement: Announcement, *ids: str) -> None:
        """Say nothing."""


def over_the_wire(body: Any) -> Any:
    """What arrives of it in another room."""
    return json_serializer.decode(json_serializer.encode(body))


class World:
    def __init__(self) -> None:
        self.accidents, self.complaints = Accidents(), ComplaintLog()
        logging.getLogger("marquee").addHandler(self.complaints)
        self.redis = connect(config["REDIS_URIS"]["marquee"])
        self.clock = Clock(self.redis)
        self.board = BoardAtModelTime(self.redis, self.accidents, self.clock)
        self.engines: dict[str, Engine] = {room: make_engine(config["DB_URIS"][f"{room}:Base"])
                                           for room in (*BREAKABLE, "film", "office", "user")}
        self.databases: dict[str, Transactions] = {
            room: BreakableTransactions(self.engines[room], room, self.accidents) for room in BREAKABLE}
        self.line = Line(self)
        self.keys = TicketKeys([Ed25519PrivateKey.generate()])
        self.secret = Transactions(self.engines["payment"]).run(webhooks.signing_secrets)[0]
        self.rooms: dict[str, Any] = {
            "film": worker_factory(Film, database=Transactions(self.engines["film"])),
            "payment": worker_factory(Payment, database=self.databases["payment"], jobs=SequentialJobPool(),
                                      remote=self.line, settings=payment_settings.load(config)),
            "kitchen": worker_factory(Kitchen, database=self.databases["kitchen"],
                                      settings=kitchen_settings.load(config)),
            "loyalty": worker_factory(Loyalty, database=self.databases["loyalty"],
                                      settings=loyalty_settings.load(config)),
            "wallet": worker_factory(Wallet, database=self.databases["wallet"], settings=wallet_settings.load(config),
                                     remote=KnownUsers(("ada", "ben", "eve")))}
        self.screenings = ScreeningSnapshots()
        self.begin(self.clock.time)

    def begin(self, time: dt.datetime) -> None:
        """At that time, with an empty Redis, and no accident ahead."""
        self.accidents.planned, self.accidents.late, self.accidents.late_writes = None, [], []
        self.lose_redis()
        self.clock.set(time)
        self.restart()

    def lose_redis(self) -> None:
        self.redis.flushdb()
        self.clock.tell_redis()

    def close(self) -> None:
        logging.getLogger("marquee").removeHandler(self.complaints)
        for engine in self.engines.values():
            engine.dispose()
        self.redis.close()

    def restart(self) -> None:
        """The order room begins anew; the others have nothing in mind that could be lost."""
        boards = SeatBoards(self.board, Hints())  # type: ignore[arg-type]
        self.rooms["order"] = worker_factory(
            Order, database=self.databases["order"], boards=boards, screenings=self.screenings, remote=self.line,
            ticket_keys=self.keys, settings=settings.load(config))

    def ask(self, contract: Method, principal: Principal, /, **fields: Any) -> Any:
        """What a caller is answered. Raises what it is refused with, or Unclear."""
        for room in self.rooms.values():
            room.principal = principal
        return self.survive(lambda: self.answer(contract, fields))

    def answer(self, method: Method, fields: dict[str, Any]) -> Any:
        """The method's answer, as it comes over the wire."""
        serve: Callable[..., Any] = getattr(self.rooms[method.room], method.name)
        return over_the_wire(serve(**over_the_wire(fields)))

    def survive(self, work: Callable[[], Any]) -> Any:
        """Do something in a room; Unclear when an accident has ended it."""
        try:
            return work()
        except OutcomeUnknown as problem:
            if not self.accidents.happened:
                raise
            raise Unclear from problem
        except Refusal:
            raise
        except Crash:
            self.restart()
            raise Unclear from None
        except Exception as problem:
            if not self.accidents.faults and not (self.accidents.happened and "CommitUnknown" in repr(problem)):
                raise
            raise Unclear from problem

    def tick(self, room: str, *chores: str) -> None:
        """Timers of a room go off."""
        for chore in chores:
            self.survive(getattr(self.rooms[room], chore))


class Line:
    """Calls of the order and payment rooms to others, through their contracts but not over the broker."""

    def __init__(self, world: World) -> None:
        self._world = world
        # What happens once, when the order room has been told how a payment stands and has not acted on it yet.
        self.meanwhile: Callable[[], None] | None = None

    def call(self, method: Method, fields: dict[str, Any], **context: Any) -> Any:
        accident = self._world.accidents.passes(f">{method.room}")
        if accident == "undone":
            raise RoomUnavailable(room=method.room)
        if accident == "fault":
            raise RemoteError("Fault", "that the model has made")
        if accident == "later":
            self._world.accidents.late.append(lambda: self._world.answer(method, fields))
            raise RoomSilent(room=method.room)
        try:
            answer = self._world.answer(method, fields)
        except Crash:
            raise RoomSilent(room=method.room) from None
        except Exception as problem:
            raise deserialize(serialize(problem)) from problem
        if accident == "done":
            raise RoomSilent(room=method.room)
        if method is payment.GET_STATUS and (meanwhile := self.meanwhile):
            self.meanwhile = None
            meanwhile()
        return {"nobody": "understands"} if accident == "nonsense" else answer

"""The control: the plain monolith that somebody would write instead of Marquee.

FastAPI, uvicorn with 2 workers, SQLAlchemy's ORM and PyMySQL, on the same servers. Its seats are held by the script
that Marquee's are held by, and its claims have the same primary key. It has no accounts, keys, events, limits, traces.
"""

import datetime as dt
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import redis
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import JSON, ForeignKey, String, create_engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload, sessionmaker

HOLD_SECONDS, WRITING_MS, MOST_SEATS = 480, 10_000, 10
WITHOUT_QUEUE = ["", "0", "0", "0"]    # hold.lua opens no queue for a buyer without an account
COPIED = ("seat_id", "row", "number", "x", "y", "kind", "price")
HOLD = (Path(__file__).parents[1] / "services" / "seating" / "scripts" / "hold.lua").read_text()


class Base(DeclarativeBase):
    pass


class Screening(Base):
    __tablename__ = "screening"
    screening_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    film_title: Mapped[str] = mapped_column(String(200))
    hall_name: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[dt.datetime]
    currency: Mapped[str] = mapped_column(String(3))
    chart: Mapped[dict[str, Any]] = mapped_column(JSON)
    seats: Mapped[list["Seat"]] = relationship(order_by="Seat.place")


class Seat(Base):
    __tablename__ = "seat"
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.screening_id"), primary_key=True)
    seat_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    place: Mapped[int]
    row: Mapped[str] = mapped_column("seat_row", String(8))
    number: Mapped[int]
    x: Mapped[float]
    y: Mapped[float]
    kind: Mapped[str] = mapped_column(String(16))
    price: Mapped[int]


class Order(Base):
    __tablename__ = "orders"
    order_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    buyer_id: Mapped[str] = mapped_column(String(64), index=True)
    screening_id: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    total: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    claims: Mapped[list["SeatClaim"]] = relationship()


class SeatClaim(Base):
    __tablename__ = "seat_claim"
    screening_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seat_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    price: Mapped[int]


class Purchase(BaseModel):
    screening_id: str
    seats: list[str]
    buyer_id: str


class BoughtSeat(BaseModel):
    seat_id: str
    price: int


class OrderReply(BaseModel):
    order_id: str
    status: str
    film_title: str
    hall_name: str
    starts_at: dt.datetime
    seats: list[BoughtSeat]
    total: int
    currency: str
    expires_at: dt.datetime


class HallReply(BaseModel):
    screening_id: str
    film_title: str
    hall_name: str
    starts_at: dt.datetime
    chart: dict[str, Any]
    seats: list[dict[str, Any]]


app = FastAPI()
engine = create_engine(os.environ.get("MONOLITH_DB", "mysql+pymysql://"), pool_size=40, max_overflow=0,
                       pool_pre_ping=False, connect_args={"ssl_disabled": True})
new_session = sessionmaker(engine, expire_on_commit=False)
board = redis.Redis.from_url(os.environ.get("MONOLITH_REDIS", "redis://"), decode_responses=True)
hold = board.register_script(HOLD)


def session() -> Iterator[Session]:
    with new_session() as opened:
        yield opened


Opened = Annotated[Session, Depends(session)]


@app.post("/order/buy")
def buy(wanted: Purchase, db: Opened) -> OrderReply:
    screening = db.get(Screening, wanted.screening_id)
    if screening is None:
        raise HTTPException(404, "There is no such screening.")
    if not 1 <= len(wanted.seats) <= MOST_SEATS:
        raise HTTPException(422, f"An order has 1 to {MOST_SEATS} seats.")
    seats = db.scalars(select(Seat).where(Seat.screening_id == screening.screening_id,
                                          Seat.seat_id.in_(wanted.seats))).all()
    if len(seats) != len(set(wanted.seats)):
        raise HTTPException(422, "The hall has no such seats.")
    order_id, now = uuid.uuid4().hex, dt.datetime.now(dt.UTC).replace(tzinfo=None)
    status, *rest = hold(keys_of(screening.screening_id), [
        order_id, int((time.time() + HOLD_SECONDS) * 1000), WRITING_MS, *WITHOUT_QUEUE, *wanted.seats])
    if status != "OK":
        raise HTTPException(409, {"code": "seats_taken", "seats": rest})
    order = Order(order_id=order_id, buyer_id=wanted.buyer_id, screening_id=screening.screening_id, status="created",
                  total=sum(seat.price for seat in seats), currency=screening.currency, created_at=now,
                  expires_at=now + dt.timedelta(seconds=HOLD_SECONDS),
                  claims=[SeatClaim(screening_id=screening.screening_id, seat_id=seat.seat_id, price=seat.price)
                          for seat in seats])
    db.add(order)
    try:
        db.commit()
    except IntegrityError:
        raise HTTPException(409, {"code": "seats_taken", "seats": wanted.seats}) from None
    return OrderReply(order_id=order_id, status=order.status, film_title=screening.film_title,
                      hall_name=screening.hall_name, starts_at=screening.starts_at, total=order.total,
                      seats=[BoughtSeat(seat_id=seat.seat_id, price=seat.price) for seat in seats],
                      currency=order.currency, expires_at=order.expires_at)


@app.get("/film/get_hall_info")
def get_hall_info(screening_id: str, db: Opened) -> HallReply:
    screening = db.get(Screening, screening_id, options=[selectinload(Screening.seats)])
    if screening is None:
        raise HTTPException(404, "There is no such screening.")
    marks, now = board.hgetall(keys_of(screening_id)[0]), int(time.time() * 1000)
    return HallReply(
        screening_id=screening_id, film_title=screening.film_title, hall_name=screening.hall_name,
        starts_at=screening.starts_at, chart=screening.chart,
        seats=[{"seat_id": seat.seat_id, "row": seat.row, "number": seat.number, "x": seat.x, "y": seat.y,
                "kind": seat.kind, "price": seat.price, "state": state_of(marks.get(seat.seat_id), now)}
               for seat in screening.seats])


def state_of(mark: str | None, now_ms: int) -> str:
    """What hold.lua has written of a seat, as the buyers see it."""
    if mark is None:
        return "free"
    state, _, deadline, _ = mark.split("|")
    return "sold" if state == "S" else "held" if int(deadline) > now_ms else "free"


def keys_of(screening_id: str) -> list[str]:
    # As in services/seating, which a monolith would not import, for eventlet comes along.
    queue = f"queue:{{{screening_id}}}"
    return [f"seats:{{{screening_id}}}", f"lock:{{{screening_id}}}", queue,
            *(f"{queue}:{part}" for part in ("line", "away", "seen", "passes"))]


def add_screening(db: Session, hall: dict[str, Any]) -> None:
    """Copy a screening of Marquee's from its film.get_hall_info's answer."""
    screening, chart = hall["screening"], dict(hall["chart"])
    seats = chart.pop("seats")
    db.add(Screening(
        screening_id=screening["screening_id"], film_title=screening["film"]["title"], hall_name=hall["hall"]["name"],
        starts_at=dt.datetime.fromisoformat(screening["starts_at"]).astimezone(dt.UTC).replace(tzinfo=None),
        currency=screening["currency"], chart=chart,
        seats=[Seat(place=place, **{name: seat[name] for name in COPIED}) for place, seat in enumerate(seats)]))
    db.commit()
    board.hset(keys_of(screening["screening_id"])[0], mapping={"_epoch": 1, "_version": 1})

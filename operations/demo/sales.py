"""Sells some seats of the demo programme, by buying and paying as any buyer does."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from schemas import film, order
from schemas.errors import Refusal
from services.film.programme_import import sold_shares
from services.foundation.rpc.standalone_client import StandaloneCaller

PARTY_SIZES = (1, 2, 2, 2, 3, 4)
SEATS_PER_ORDER = 8
AT_ONCE = 4
BOARD_SECONDS = 30
Unit = tuple[str, ...]  # seats that are sold only together: one seat, or both halves of a couple seat


def sell_demo_seats(programme: Path) -> int:
    """Sell seats of the screenings that the programme wants partly sold; returns how many.

    Repeating it changes nothing: a screening with sold or held seats is skipped.
    """
    with ThreadPoolExecutor(AT_ONCE) as buyers:
        return sum(buyers.map(lambda wanted: _sell_share(*wanted), sold_shares(programme)))


def _sell_share(screening_id: str, share: float) -> int:
    name = f"demo-audience-{screening_id}"[:64]    # one buyer for each screening: an account may hold only so much
    caller = {"user_id": name, "username": name, "roles": []}
    with StandaloneCaller(caller, request_id="demo-audience").connected() as rooms:
        hall = _read_hall(rooms, screening_id)
        if any(seat["state"] != "free" for seat in hall["seats"]):
            return 0
        return _sell_seats(rooms, screening_id, parties(hall["chart"], share, random.Random(screening_id)))


def _read_hall(rooms: StandaloneCaller, screening_id: str) -> dict[str, Any]:
    """Its plan and seats. Raises SeatsUnknown when nobody has drawn the map of its seats within BOARD_SECONDS."""
    deadline = time.monotonic() + BOARD_SECONDS
    while True:
        try:
            return dict(rooms.call(film.GET_HALL_INFO, {"screening_id": screening_id}))
        except film.SeatsUnknown:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _sell_seats(rooms: StandaloneCaller, screening_id: str, chosen: list[Unit]) -> int:
    sold = 0
    for seats in orders(chosen):
        try:
            bought = rooms.call(order.BUY, {"screening_id": screening_id, "seats": seats})
            rooms.call(order.PAY, {"order_id": bought["order_id"], "method": "sandbox"})
        except Refusal:
            continue  # a real buyer was quicker, or the screening has just begun
        sold += len(seats)
    return sold


def orders(chosen: list[Unit]) -> Iterator[list[str]]:
    """The seats, divided into orders of at most SEATS_PER_ORDER."""
    order: list[str] = []
    for unit in chosen:
        if len(order) + len(unit) > SEATS_PER_ORDER:
            yield order
            order = []
        order.extend(unit)
    if order:
        yield order


def parties(chart: dict[str, Any], share: float, dice: random.Random) -> list[Unit]:
    """Seats for `share` of the hall: parties side by side, most of them two thirds back and in the middle."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for seat in chart["seats"]:
        if seat["kind"] not in ("wheelchair", "companion"):
            rows.setdefault(seat["row"], []).append(seat)
    chosen: set[Unit] = set()
    for first in _by_popularity(chart, [seat for row in rows.values() for seat in row], dice):
        if sum(map(len, chosen)) >= share * len(chart["seats"]):
            break
        row = rows[first["row"]]
        place = row.index(first)
        chosen.update(_unit_of(seat) for seat in row[place:place + dice.choice(PARTY_SIZES)])
    return sorted(chosen)


def _by_popularity(chart: dict[str, Any], seats: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    """The seats, roughly from the best to the worst."""
    depth, middle = chart["depth"] * 2 / 3, chart["width"] / 2

    def distance(seat: dict[str, Any]) -> float:
        return abs(seat["y"] - depth) + abs(seat["x"] - middle) / 2 + dice.uniform(0, 6)

    return sorted(seats, key=distance)


def _unit_of(seat: dict[str, Any]) -> Unit:
    other = seat.get("goes_with")
    return tuple(sorted((seat["seat_id"], other))) if other else (seat["seat_id"],)

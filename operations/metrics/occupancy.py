"""How full the next screenings are, and whether their seat boards are there."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

from nameko import config
from prometheus_client.core import Metric
from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from operations.metrics.gauges import gauge
from operations.metrics.measurement import Measurement
from operations.metrics.tables import QUERY_SECONDS
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.redis_client import connect

AHEAD = dt.timedelta(hours=24)
MOST_SCREENINGS = 500     # the next ones; those beyond are not counted
KEPT_SECONDS = 30.0
SCREENINGS = text("SELECT screening_id, cinema_id, capacity FROM screening JOIN hall USING (hall_id) "
                  "WHERE starts_at BETWEEN :now AND :until AND cancelled_at IS NULL "
                  "ORDER BY starts_at, screening_id LIMIT :most")
CLAIMS = text("SELECT screening_id, state, COUNT(*) AS seats FROM seat_claim WHERE screening_id IN :screenings "
              "GROUP BY screening_id, state").bindparams(bindparam("screenings", expanding=True))


class Occupancy:
    """The screenings of the next day: from the film room's schema, their claims from the order room's."""

    def __init__(self) -> None:
        uris = config["DB_URIS"]
        self._film, self._order = (Transactions(make_engine(uris[f"{room}:Base"])) for room in ("film", "order"))
        self._redis = connect(config["REDIS_URIS"]["marquee"])

    def measurements(self) -> list[Measurement]:
        """The seats, and the boards."""
        return [Measurement("occupancy", self.seats, KEPT_SECONDS), Measurement("redis", self.boards, KEPT_SECONDS)]

    def seats(self) -> Iterator[Metric]:
        """The seats of the next day's screenings by cinema: sold, held or free."""
        screenings = self._film.read(next_screenings)
        cinemas = {row.screening_id: row.cinema_id for row in screenings}
        capacity: Counter[str] = Counter()
        for row in screenings:
            capacity[row.cinema_id] += row.capacity
        taken: Counter[tuple[str, str]] = Counter()
        for row in self._order.read(lambda tx: claims(tx, list(cinemas))):
            taken[cinemas[row.screening_id], row.state] += row.seats
        yield gauge("marquee_upcoming_screenings", "Screenings that start within a day.", ["cinema"],
                    [([cinema], number) for cinema, number in Counter(cinemas.values()).items()])
        yield gauge("marquee_upcoming_seats", "Seats of screenings that start within a day: sold, held or free.",
                    ["cinema", "state"], [
                        ([cinema, state], number) for cinema, whole in capacity.items() for state, number in (
                            ("sold", taken[cinema, "SOLD"]), ("held", taken[cinema, "PENDING"]),
                            ("free", whole - taken[cinema, "SOLD"] - taken[cinema, "PENDING"]))])
        yield gauge("marquee_upcoming_occupancy_ratio", "The part of those seats that is sold.", ["cinema"],
                    [([cinema], taken[cinema, "SOLD"] / whole) for cinema, whole in capacity.items() if whole])

    def boards(self) -> Iterator[Metric]:
        """The seat boards that Redis has of those screenings; the others are rebuilt when somebody asks."""
        screenings = [row.screening_id for row in self._film.read(next_screenings)]
        self._redis.ping()
        with self._redis.pipeline(transaction=False) as pipeline:
            for screening_id in screenings:
                pipeline.exists(f"seats:{{{screening_id}}}")
            warm = sum(pipeline.execute())
        yield gauge("marquee_boards", "Seat boards of screenings that start within a day: warm or cold.", ["state"],
                    [(["warm"], warm), (["cold"], len(screenings) - warm)])


def next_screenings(tx: Connection) -> list[Any]:
    """The next MOST_SCREENINGS screenings within a day: screening_id, cinema_id, capacity."""
    tx.execute(text(f"SET SESSION max_statement_time = {QUERY_SECONDS}"))
    now = utc_now()
    return list(tx.execute(SCREENINGS, {"now": now, "until": now + AHEAD, "most": MOST_SCREENINGS}))


def claims(tx: Connection, screening_ids: list[str]) -> list[Any]:
    """How many seats of these screenings are claimed: screening_id, state, seats."""
    tx.execute(text(f"SET SESSION max_statement_time = {QUERY_SECONDS}"))
    return list(tx.execute(CLAIMS, {"screenings": screening_ids})) if screening_ids else []

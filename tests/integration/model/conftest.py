"""Schemas, a Redis database and a programme for the model alone: it empties them before every example."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nameko
import pytest
from sqlalchemy import text

from operations import programme_loading
from services.foundation import database, ids, migrate
from services.order import seat_boards
from services.payment import provider_registry
from testbed.mesh import Mesh
from tests.integration.model.accidents import WatchedSandbox
from tests.integration.model.cinema import Cinema
from tests.integration.model.clock import IdClock
from tests.integration.model.members import DAY_OF_MONEY, POINTS_STEP, REWARDS, STEP_WORTH
from tests.integration.model.play import Play
from tests.integration.model.snapshot import SnapshotReader
from tests.integration.model.world import World

ROOMS = ("film", "order", "payment", "kitchen", "loyalty", "office", "wallet", "user")
BUYERS = ("ada", "ben", "eve")
REFUND_TIERS = [{"hours": 24, "percent": 100, "fee": 0}, {"hours": 2, "percent": 50, "fee": 70},
                {"hours": 0.5, "percent": 20, "fee": 250}]
PROGRAMME = """\
days: 2
films:
  - {id: arrival, title: Arrival, year: 2016, running_minutes: 116, director: Denis Villeneuve, cast: [Amy Adams],
     genres: [Science Fiction], rating: PG-13}
cinemas:
  - id: kanal
    name: Kino am Kanal
    city: Berlin
    timezone: Europe/Berlin
    currency: EUR
    menu:
      - {sku: popcorn, name: Popcorn, category: popcorn, price: 500, stock: 2}
      - {sku: cola, name: Cola, category: drink, price: 300, stock: 3}
    halls:
      - id: kanal-1
        name: Saal 1
        price: 1000
        surcharges: {premium: 310, couple: 150, companion: -600}
        plan: |
          sDD
          pwc
        screenings:
          - at: [13:00]
            films: [arrival]
"""


@pytest.fixture(scope="module")
def settings(servers: Mesh) -> Iterator[None]:
    """The servers of the run, but nobody else's schemas."""
    with nameko.config.patch(own_settings(servers.settings), clear=True):
        for room in ROOMS:
            migrate.upgrade(room)
        yield


def own_settings(of_the_run: dict[str, Any]) -> dict[str, Any]:
    own = copy.deepcopy(of_the_run)
    own["DB_URIS"] = {f"{room}:Base": own["DB_URIS"][f"{room}:Base"].replace(f"_{room}?", f"_{room}_model?")
                      for room in ROOMS}
    own["REDIS_URIS"]["marquee"] = own["REDIS_URIS"]["marquee"].rpartition("/")[0] + "/5"
    own["order"]["refund_tiers"] = REFUND_TIERS
    own["loyalty"] |= {"earning": [{"currency": "EUR", "seats": {"points": 1, "per": 10},
                                    "snacks": {"points": 1, "per": 20}}],
                       "rates": [{"currency": "EUR", "points": POINTS_STEP, "amount": STEP_WORTH}],
                       "rewards": [{"amount": reward, "currency": "EUR"} if day == DAY_OF_MONEY else {"points": reward}
                                   for day, reward in enumerate(REWARDS, 1)]}
    return own


@pytest.fixture
def cinema(settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cinema]:
    world = World()
    monkeypatch.setattr(database, "clock", world.clock)
    monkeypatch.setattr(ids, "time", IdClock())
    monkeypatch.setattr(seat_boards, "time", world.clock)
    monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda room, _: WatchedSandbox(room, world.accidents))
    (programme := tmp_path / "programme.yml").write_text(PROGRAMME)
    programme_loading.load(programme)
    with world.engines["user"].begin() as tx:
        tx.execute(text("REPLACE INTO user (user_id, username, folded, password_hash, roles, created_at) "
                        "VALUES (:buyer, :buyer, :buyer, '!', '[]', UTC_TIMESTAMP())"),
                   [{"buyer": buyer} for buyer in BUYERS])
    reader = SnapshotReader(world.engines)
    yield Cinema(world, reader)
    reader.close()
    world.close()


@pytest.fixture
def story(cinema: Cinema) -> Play:
    """The cinema on its first day, to be played step by step; each step is compared with the ledger."""
    return Play(cinema)

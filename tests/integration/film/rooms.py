"""The film room without servers beside its database."""

from pathlib import Path
from typing import Any

from nameko.testing.services import worker_factory
from sqlalchemy import Engine

from services.film.search.film_search import FilmSearch
from services.film.service import Film
from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from tests.unit.film.fakes import FakeAnnouncer, FakeBoard

DEMO = Path(__file__).resolve().parents[3] / "programme" / "demo.yml"


def film_room(engine: Engine, board: FakeBoard | None = None) -> Any:
    """The film room; its cold boards are warmed with one seat sold."""
    board = board or FakeBoard()
    return worker_factory(Film, principal=Principal(), database=Transactions(engine), board=board,
                          announcer=FakeAnnouncer(warms=board), film_search=FilmSearch())

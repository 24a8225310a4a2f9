from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, delete

from services.film import models


@pytest.fixture
def tables(film_database: Engine) -> Iterator[Engine]:
    """The film room's tables, empty before and after."""
    _empty(film_database)
    yield film_database
    _empty(film_database)


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(models.Base.metadata.sorted_tables):
            connection.execute(delete(table))

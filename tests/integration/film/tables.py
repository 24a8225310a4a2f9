"""What the film room's tables hold."""

from typing import Any

from sqlalchemy import Engine, select

from services.film import models


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {table.name: sorted(tuple(map(str, row)) for row in connection.execute(select(table)))
                for table in models.Base.metadata.sorted_tables}


def screenings(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return {row.screening_id: row for row in connection.execute(select(models.Screening.__table__))}

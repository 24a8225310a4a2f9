"""The column types of every room: ids compared byte by byte, and moments in UTC."""

import datetime as dt
from typing import Any

from sqlalchemy import DateTime, Dialect, FetchedValue, String, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


def Id(most: int = 64, collation: str = "utf8mb4_bin") -> String:  # noqa: N802 - reads as the type it makes
    """A column of up to `most` characters for ids, keys and codes, compared byte by byte.

    The schemas' own collation ignores case, so two rooms could differ about whose id `A1` is. The collation `ascii_bin`
    takes less space in an index, but MariaDB fails when it is compared with text that is not ASCII.
    """
    return String(most, collation=collation)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A column of aware datetimes, kept as UTC to the millisecond."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """DATETIME(3) on MariaDB, which by default keeps no fractions of a second."""
        if dialect.name in ("mysql", "mariadb"):
            from sqlalchemy.dialects.mysql import DATETIME

            return dialect.type_descriptor(DATETIME(fsp=3))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """An aware datetime of any zone as a naive one in UTC, for the driver."""
        return None if value is None else value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """A naive datetime of the driver as an aware one in UTC."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


class Traced:
    """A row that keeps the `traceparent` (W3C Trace Context) of what wrote it, so that later work joins its trace.

    NULL: an earlier version wrote it, or it belongs to no trace.
    """

    traceparent: Mapped[str | None] = mapped_column(Id(64, "ascii_bin"))


STAMPED = "CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)"


class Stamped:
    """A row that MariaDB stamps with the time whenever it changes, whoever changes it: so checks find what is new.

    NULL: it has not changed since the column came. The column is INVISIBLE, so that rows are copied without it.
    """

    changed_at: Mapped[dt.datetime | None] = mapped_column(
        UtcDateTime, index=True, server_default=text(STAMPED), server_onupdate=FetchedValue())


def stamp(table: str) -> list[str]:
    """The statements of a migration that makes the rows of a table Stamped; those that are there stay as they are."""
    return [f"ALTER TABLE {table} ADD COLUMN changed_at DATETIME(3) INVISIBLE NULL",
            f"ALTER TABLE {table} MODIFY changed_at DATETIME(3) INVISIBLE NULL DEFAULT {STAMPED}",
            f"CREATE INDEX ix_{table}_changed_at ON {table} (changed_at)"]

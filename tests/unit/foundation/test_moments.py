"""Moments go into the database as UTC to the millisecond, and come back aware."""

import datetime as dt

from sqlalchemy.dialects import mysql

from services.foundation.column_types import UtcDateTime
from services.foundation.database import utc_now

DIALECT = mysql.dialect()
PARIS = dt.timezone(dt.timedelta(hours=1))


def test_a_moment_of_any_zone_is_kept_as_utc() -> None:
    kept = UtcDateTime().process_bind_param(dt.datetime(2026, 11, 21, 19, 30, tzinfo=PARIS), DIALECT)
    assert kept == dt.datetime(2026, 11, 21, 18, 30)
    assert UtcDateTime().process_result_value(kept, DIALECT) == dt.datetime(2026, 11, 21, 19, 30, tzinfo=PARIS)


def test_an_empty_moment_stays_empty() -> None:
    assert UtcDateTime().process_bind_param(None, DIALECT) is None
    assert UtcDateTime().process_result_value(None, DIALECT) is None


def test_moments_are_kept_to_the_millisecond_and_so_is_the_present() -> None:
    assert UtcDateTime().load_dialect_impl(DIALECT).fsp == 3
    assert utc_now().microsecond % 1000 == 0
    assert utc_now().tzinfo is dt.UTC

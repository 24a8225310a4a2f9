"""The kitchen's stock adds up: every snack supplied is still there, or an order has it."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.engine import Connection

from operations.checks.snapshot import Snapshot
from services.kitchen.rules import GIVES_BACK

OVERSOLD = "SELECT cinema_id, sku, left_over FROM snack WHERE left_over < 0"
SUMS = """
    SELECT s.cinema_id, s.sku, s.supplied, s.left_over, CAST(COALESCE(SUM(l.taken), 0) AS SIGNED) AS sold
    FROM snack s LEFT JOIN (SELECT cinema_id, sku, taken FROM ticket_line JOIN ticket USING (order_id)) l
    USING (cinema_id, sku) GROUP BY s.cinema_id, s.sku, s.supplied, s.left_over HAVING supplied <> left_over + sold"""
KEEPING = """
    SELECT t.order_id, t.status, l.sku FROM ticket t JOIN ticket_line l USING (order_id)
    WHERE l.taken > 0 AND t.status IN :ended"""


def stock_of_snacks(snapshot: Snapshot) -> Iterator[str]:
    """A snack's sum is over all that was ever sold of it, so it is computed in a check of everything only."""
    with snapshot.kitchen.connect() as connection:
        if snapshot.since is None:
            yield from stock_adds_up(connection)
        else:
            yield from oversold(connection)
    if snapshot.since is not None:
        for row in snapshot.rows(snapshot.kitchen, KEEPING + " AND t.changed_at >= :since",
                                 ended=list(GIVES_BACK), since=snapshot.first_moment):
            yield _keeping(row)


def stock_adds_up(tx: Connection) -> list[str]:
    """For each snack: supplied = left over + reserved + used. Orders that gave snacks back have none of them."""
    keeping = tx.execute(text(KEEPING).bindparams(ended=tuple(GIVES_BACK))).all()
    return [*oversold(tx),
            *(f"{row.sku} of {row.cinema_id}: {row.supplied} supplied, but {row.left_over} left over and "
              f"{row.sold} taken" for row in tx.execute(text(SUMS)).all()),
            *map(_keeping, keeping)]


def oversold(tx: Connection) -> list[str]:
    """Snacks of which there are less than none."""
    return [f"{row.sku} of {row.cinema_id}: {row.left_over} left over, less than none"
            for row in tx.execute(text(OVERSOLD)).all()]


def _keeping(row: object) -> str:
    return f"order {row.order_id} is {row.status} and still has {row.sku} of the stock"  # type: ignore[attr-defined]

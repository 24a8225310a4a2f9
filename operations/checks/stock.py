"""The kitchen's stock adds up: every snack supplied is still there, or an order has it."""

from sqlalchemy import text
from sqlalchemy.engine import Connection

from operations.checks.snapshot import Snapshot
from services.kitchen.rules import GIVES_BACK


def stock_of_snacks(snapshot: Snapshot) -> list[str]:
    with snapshot.kitchen.connect() as connection:
        return stock_adds_up(connection)


def stock_adds_up(tx: Connection) -> list[str]:
    """For each snack: supplied = left over + reserved + used. Orders that gave snacks back have none of them."""
    counted = tx.execute(text(
        "SELECT s.cinema_id, s.sku, s.supplied, s.left_over, CAST(COALESCE(SUM(l.taken), 0) AS SIGNED) AS taken "
        "FROM snack s LEFT JOIN (SELECT cinema_id, sku, taken FROM ticket_line JOIN ticket USING (order_id)) l "
        "USING (cinema_id, sku) GROUP BY s.cinema_id, s.sku, s.supplied, s.left_over")).all()
    keeping = tx.execute(text(
        "SELECT t.order_id, t.status, l.sku FROM ticket t JOIN ticket_line l USING (order_id) "
        "WHERE l.taken > 0 AND t.status IN :ended").bindparams(ended=tuple(GIVES_BACK))).all()
    return [f"{row.sku} of {row.cinema_id}: {row.left_over} left over, less than none"
            for row in counted if row.left_over < 0] + [
        f"{row.sku} of {row.cinema_id}: {row.supplied} supplied, but {row.left_over} left over and {row.taken} taken"
        for row in counted if row.supplied != row.left_over + row.taken] + [
        f"order {row.order_id} is {row.status} and still has {row.sku} of the stock" for row in keeping]

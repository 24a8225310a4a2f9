"""What a kitchen has for sale. It changes by compare-and-set on its row, where two buyers of the last popcorn meet."""

from typing import Any

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.engine import Connection

from schemas.kitchen import SnacksUnknown
from services.kitchen.models import Base

snacks, lines = (Base.metadata.tables[name] for name in ("snack", "ticket_line"))


def menu(tx: Connection, cinema_id: str) -> list[dict[str, Any]]:
    """What a cinema sells, in the fields of schemas.kitchen.MenuSnack."""
    query = select(snacks).where(snacks.c.cinema_id == cinema_id).order_by(snacks.c.place, snacks.c.sku)
    return [menu_snack(row) for row in tx.execute(query)]


def menu_snack(row: Row[Any]) -> dict[str, Any]:
    return {**row._mapping, "left": row.left_over}


def restock(tx: Connection, cinema_id: str, sku: str, stock: int) -> dict[str, Any]:
    """Have `stock` of a snack for sale. Raises SnacksUnknown."""
    mine = (snacks.c.cinema_id == cinema_id, snacks.c.sku == sku)
    # MariaDB assigns from left to right, so the first still sees the old number.
    tx.execute(update(snacks).where(*mine).ordered_values(
        (snacks.c.supplied, snacks.c.supplied + stock - snacks.c.left_over), (snacks.c.left_over, stock)))
    if row := tx.execute(select(snacks).where(*mine)).first():
        return menu_snack(row)
    raise SnacksUnknown(skus=[sku])


def enough(quantity: int) -> ColumnElement[bool]:
    """The guard by which the last popcorn is sold once."""
    return snacks.c.left_over >= quantity


def take(tx: Connection, cinema_id: str, sku: str, quantity: int) -> bool:
    """Take so many from the stock, or none."""
    taken = update(snacks).where(snacks.c.cinema_id == cinema_id, snacks.c.sku == sku, enough(quantity))
    return tx.execute(taken.values(left_over=snacks.c.left_over - quantity)).rowcount == 1


def put_back(tx: Connection, ticket: Row[Any]) -> None:
    """Have the stock get back what the ticket took from it."""
    for line in tx.execute(select(lines).where(lines.c.order_id == ticket.order_id).order_by(lines.c.sku)).all():
        tx.execute(update(snacks).where(snacks.c.cinema_id == ticket.cinema_id, snacks.c.sku == line.sku)
                   .values(left_over=snacks.c.left_over + line.taken))
    tx.execute(update(lines).where(lines.c.order_id == ticket.order_id).values(taken=0))

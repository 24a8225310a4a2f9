"""The queries on snacks and their stock, which changes by compare-and-set: two buyers of the last popcorn meet here."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.engine import Connection

from schemas.kitchen import SnacksUnknown
from services.kitchen.models import Base

snacks, lines = (Base.metadata.tables[name] for name in ("snack", "ticket_line"))
Fields = dict[str, Any]


def menu(tx: Connection, cinema_id: str) -> list[Fields]:
    """The snacks that a cinema sells, in the fields of schemas.kitchen.MenuSnack."""
    query = select(snacks).where(snacks.c.cinema_id == cinema_id).order_by(snacks.c.place, snacks.c.sku)
    return [_menu_snack(row) for row in tx.execute(query)]


def for_sale(tx: Connection, cinema_id: str, skus: Iterable[str], currency: str) -> dict[str, Row[Any]]:
    """Those of these snacks that the cinema sells in that currency, by sku."""
    query = select(snacks).where(snacks.c.cinema_id == cinema_id, snacks.c.sku.in_(skus), snacks.c.currency == currency)
    return {row.sku: row for row in tx.execute(query)}


def restock(tx: Connection, cinema_id: str, sku: str, stock: int) -> Fields:
    """Set how many of a snack are for sale. Raises SnacksUnknown."""
    this = _is(cinema_id, sku)
    # MariaDB assigns from left to right, so the first still sees the old number.
    tx.execute(update(snacks).where(*this).ordered_values(
        (snacks.c.supplied, snacks.c.supplied + stock - snacks.c.available), (snacks.c.available, stock)))
    if row := tx.execute(select(snacks).where(*this)).first():
        return _menu_snack(row)
    raise SnacksUnknown(skus=[sku])


def put_menu(tx: Connection, rows: list[Fields]) -> int:
    """Add new snacks with their `stock` and update the others, whose stock stays; returns how many are new."""
    keys = select(snacks.c.cinema_id, snacks.c.sku).with_for_update()
    existing = {(row.cinema_id, row.sku) for row in tx.execute(keys)}
    added = 0
    for row in rows:
        facts, stock = {name: row[name] for name in row if name != "stock"}, row["stock"]
        if (row["cinema_id"], row["sku"]) in existing:
            tx.execute(update(snacks).where(*_is(row["cinema_id"], row["sku"])).values(facts))
        else:
            tx.execute(insert(snacks).values(**facts, available=stock, supplied=stock))
            added += 1
    return added


def enough(quantity: int) -> ColumnElement[bool]:
    """The guard that sells the last popcorn once."""
    return snacks.c.available >= quantity


def take(tx: Connection, cinema_id: str, sku: str, quantity: int) -> bool:
    """Take that many from the stock, or none; whether there were enough."""
    taken = update(snacks).where(*_is(cinema_id, sku), enough(quantity))
    return tx.execute(taken.values(available=snacks.c.available - quantity)).rowcount == 1


def put_back(tx: Connection, ticket: Row[Any]) -> None:
    """Return to the stock what the ticket took from it."""
    for line in tx.execute(select(lines).where(lines.c.order_id == ticket.order_id).order_by(lines.c.sku)).all():
        tx.execute(update(snacks).where(*_is(ticket.cinema_id, line.sku))
                   .values(available=snacks.c.available + line.taken))
    tx.execute(update(lines).where(lines.c.order_id == ticket.order_id).values(taken=0))


def _is(cinema_id: str, sku: str) -> tuple[ColumnElement[bool], ...]:
    return snacks.c.cinema_id == cinema_id, snacks.c.sku == sku


def _menu_snack(row: Row[Any]) -> Fields:
    return {**row._mapping, "left": row._mapping[snacks.c.available]}

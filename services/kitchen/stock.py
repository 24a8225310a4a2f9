"""The queries on snacks and their stock, which changes by compare-and-set: two buyers of the last popcorn meet here."""

from collections.abc import Iterable
from dataclasses import dataclass
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


def lock(tx: Connection, cinema_id: str, sku: str) -> Row[Any]:
    """A snack, locked until the transaction ends. Raises SnacksUnknown."""
    if row := tx.execute(select(snacks).where(*_is(cinema_id, sku)).with_for_update()).first():
        return row
    raise SnacksUnknown(skus=[sku])


def restock(tx: Connection, snack: Row[Any], stock: int) -> Fields:
    """Set how many of a locked snack are for sale."""
    this = _is(snack.cinema_id, snack.sku)
    supplied = snack.supplied + stock - snack._mapping[snacks.c.available]
    tx.execute(update(snacks).where(*this).values(available=stock, supplied=supplied))
    return _menu_snack(tx.execute(select(snacks).where(*this)).one())


@dataclass(frozen=True)
class MenuChange:
    """What a new menu changes of a snack; `before` is None for a snack that is new."""

    cinema_id: str
    sku: str
    before: Fields | None
    after: Fields


def put_menu(tx: Connection, rows: list[Fields]) -> list[MenuChange]:
    """Add new snacks with their `stock` and update the others, whose stock stays; returns what has changed."""
    existing = {(row.cinema_id, row.sku): row._mapping for row in tx.execute(select(snacks).with_for_update())}
    found = (_put(tx, row, existing.get((row["cinema_id"], row["sku"]))) for row in rows)
    return [change for change in found if change.before != change.after]


def _put(tx: Connection, row: Fields, old: Any) -> MenuChange:
    key = row["cinema_id"], row["sku"]
    facts = {name: row[name] for name in row if name not in ("cinema_id", "sku", "stock")}
    if old is None:
        tx.execute(insert(snacks).values(cinema_id=key[0], sku=key[1], **facts, available=row["stock"],
                                         supplied=row["stock"]))
        return MenuChange(*key, None, {**facts, "stock": row["stock"]})
    new = {name: value for name, value in facts.items() if value != old[snacks.c[name]]}
    if new:
        tx.execute(update(snacks).where(*_is(*key)).values(new))
    return MenuChange(*key, {name: old[snacks.c[name]] for name in new}, new)


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

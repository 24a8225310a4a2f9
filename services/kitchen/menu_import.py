"""The menus in a programme file: each cinema's `menu`, checked and put into the kitchen's tables."""

from pathlib import Path
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.engine import Connection

from schemas.base import Schema
from schemas.fields import LARGEST_PRICE, Money, Text, Whole
from schemas.kitchen import CATEGORIES, MOST_STOCK, Sku
from services.foundation import marked_yaml
from services.foundation.database import Transactions, make_engine
from services.foundation.marked_yaml import MarkedFile, Place
from services.kitchen.models import Base

Row = dict[str, Any]
MOST_SNACKS = 100
table = Base.metadata.tables["snack"]


class MenuEntry(Schema):
    sku = Sku(required=True)
    name = Text(200, required=True)
    name_zh = Text(200)
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    price = Money(LARGEST_PRICE, required=True)
    stock = Whole(required=True, validate=validate.Range(0, MOST_STOCK))


def read(path: Path) -> list[Row]:
    """Every snack of every cinema in the file; raises BadFile with each mistake and its line.

    What else is in the file is for the film room to judge.
    """
    file = marked_yaml.read(path)
    cinemas = file.data.get("cinemas") if isinstance(file.data, dict) else None
    rows: list[Row] = []
    for at, cinema in enumerate(cinemas if isinstance(cinemas, list) else []):
        if isinstance(cinema, dict) and "menu" in cinema:
            rows += _menu(file, cinema, ("cinemas", at))
    file.refuse_mistakes()
    return rows


def _menu(file: MarkedFile, cinema: Row, place: Place) -> list[Row]:
    menu = cinema["menu"]
    if not isinstance(menu, list) or len(menu) > MOST_SNACKS:
        file.wrong((*place, "menu"), f"`menu`: a list of at most {MOST_SNACKS} snacks is expected here")
        return []
    whose = {"cinema_id": cinema.get("id"), "currency": cinema.get("currency")}  # the film room checks these
    rows, seen = [], dict[str, int]()
    for at, raw in enumerate(menu):
        here = (*place, "menu", at)
        entry = file.load(MenuEntry(), raw, here)
        sku = entry.get("sku")
        if sku in seen:
            file.wrong((*here, "sku"), f"there is a snack `{sku}` already, on line {seen[sku]}")
        elif sku:
            seen[sku] = file.line((*here, "sku"))
        rows.append({"name_zh": None, **whose, **entry, "place": at})
    return rows


def load(rows: list[Row], database: Engine | str) -> str:
    """Put menus into the database (an engine or URI); says how many snacks are new.

    Names and prices are updated. Stock is set for new snacks only: what was sold of the others stays sold, and more
    comes by kitchen.restock. Nothing is ever removed.
    """
    engine = make_engine(database) if isinstance(database, str) else database
    return Transactions(engine).run(lambda tx: _write(tx, rows))


def _write(tx: Connection, rows: list[Row]) -> str:
    there = {(row.cinema_id, row.sku) for row in tx.execute(select(table.c.cinema_id, table.c.sku).with_for_update())}
    new = 0
    for row in rows:
        row, stock = {name: row[name] for name in row if name != "stock"}, row["stock"]  # run may repeat this
        if (row["cinema_id"], row["sku"]) in there:
            mine = (table.c.cinema_id == row["cinema_id"], table.c.sku == row["sku"])
            tx.execute(update(table).where(*mine).values(row))
        else:
            tx.execute(insert(table).values(**row, left_over=stock, supplied=stock))
            new += 1
    return f"{new} new, {len(rows) - new} as before or with new facts"

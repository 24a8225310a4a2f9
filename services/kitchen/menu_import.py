"""Loads the menus of a programme file, each cinema's `menu`, into the kitchen's tables."""

from pathlib import Path
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Engine

from schemas.base import Schema
from schemas.fields import LARGEST_PRICE, Money, Text, Whole
from schemas.kitchen import CATEGORIES, MOST_STOCK, Sku
from services.foundation import marked_yaml
from services.foundation.database import Transactions, make_engine
from services.foundation.marked_yaml import Place, YamlFile
from services.kitchen import staff

Row = dict[str, Any]
MOST_SNACKS = 100


class MenuEntry(Schema):
    """A snack on a menu; `price` in minor units of the cinema's currency."""

    sku = Sku(required=True)
    name = Text(200, required=True)
    name_zh = Text(200)
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    price = Money(LARGEST_PRICE, required=True)
    stock = Whole(required=True, validate=validate.Range(0, MOST_STOCK))


def read(path: Path) -> list[Row]:
    """Every snack of every cinema in the file. Raises InvalidFile with each mistake and its line.

    The film room checks the rest of the file.
    """
    file = marked_yaml.read(path)
    cinemas = file.data.get("cinemas") if isinstance(file.data, dict) else None
    rows: list[Row] = []
    for at, cinema in enumerate(cinemas if isinstance(cinemas, list) else []):
        if isinstance(cinema, dict) and "menu" in cinema:
            rows += _menu(file, cinema, ("cinemas", at))
    file.raise_mistakes()
    return rows


def _menu(file: YamlFile, cinema: Row, place: Place) -> list[Row]:
    menu = cinema["menu"]
    if not isinstance(menu, list) or len(menu) > MOST_SNACKS:
        file.add_mistake((*place, "menu"), f"`menu`: a list of at most {MOST_SNACKS} snacks is expected here")
        return []
    owner = {"cinema_id": cinema.get("id"), "currency": cinema.get("currency")}  # the film room checks these
    rows, seen = [], dict[str, int]()
    for at, raw in enumerate(menu):
        here = (*place, "menu", at)
        entry = file.load(MenuEntry(), raw, here)
        sku = entry.get("sku")
        if sku in seen:
            file.add_mistake((*here, "sku"), f"there is a snack `{sku}` already, on line {seen[sku]}")
        elif sku:
            seen[sku] = file.line((*here, "sku"))
        rows.append({"name_zh": None, **owner, **entry, "place": at})
    return rows


def load(rows: list[Row], database: Engine | str) -> str:
    """Put menus into the database (an engine or URI); returns a sentence that says how many snacks are new.

    Names and prices are updated. Stock is set for new snacks only; later `kitchen.restock` sets it. Nothing is ever
    removed.
    """
    engine = make_engine(database) if isinstance(database, str) else database
    changes = Transactions(engine).run(lambda tx: staff.put_menu(tx, rows))
    added = sum(change.before is None for change in changes)
    return f"{added} new, {len(rows) - added} as before or with new facts"

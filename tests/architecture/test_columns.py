"""Ids are compared byte by byte, and every column of money holds the largest amount there is."""

import importlib
from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text, UniqueConstraint

from services.foundation.migrate import rooms_with_tables

# Written and read by people. Only searches compare them, and these ignore case and accents.
FOR_PEOPLE = {"name", "name_zh", "title", "original_title", "director", "rating", "city", "timezone", "film_title",
              "cinema_name", "hall_name", "username", "display_name", "email", "decided_by", "because", "error",
              "device", "street", "postal_code", "region", "format"}
# Values of a short list in our own code or of a standard, or an address to which a buyer is sent.
OUR_WORDS = {"status", "state", "kind", "category", "currency", "reason", "end_reason", "kitchen_status", "provider",
             "method", "type", "decision", "language", "return_url", "redirect_url", "map_url", "trailer_url"}
BYTE_BY_BYTE = {"utf8mb4_bin", "ascii_bin"}
MONEY = {"posted", "reserved", "price", "price_from", "total", "amount", "refunded", "kept", "fee", "captured"}


def columns() -> Iterator[tuple[str, Table, "Column[object]"]]:
    for room in rooms_with_tables():
        for table in importlib.import_module(f"services.{room}.models").Base.metadata.tables.values():
            for column in table.columns:
                yield f"{room}.{table.name}.{column.name}", table, column


def is_unique(table: Table, column: "Column[object]") -> bool:
    return any(column.name in constraint.columns for constraint in table.constraints
               if isinstance(constraint, UniqueConstraint) or constraint is table.primary_key)


STRINGS = {name: (table, column) for name, table, column in columns()
           if isinstance(column.type, String) and not isinstance(column.type, Text)}
SUMS = {name: column for name, _, column in columns()
        if column.name in MONEY and isinstance(column.type, Integer | BigInteger)}


def test_ids_keys_and_codes_are_compared_byte_by_byte() -> None:
    """`services.foundation.column_types.Id` is the type for them; a new text for people belongs to the list above."""
    assert [name for name, (table, column) in STRINGS.items()
            if is_unique(table, column) or column.name not in FOR_PEOPLE | OUR_WORDS
            if column.type.collation not in BYTE_BY_BYTE] == []  # type: ignore[attr-defined]


def test_a_column_of_money_is_a_big_integer() -> None:
    assert [name for name, column in SUMS.items() if not isinstance(column.type, BigInteger)] == []


def test_the_columns_are_found() -> None:
    assert {"order.orders.order_id", "film.screening.film_id", "payment.refund.order_id"} <= set(STRINGS)
    assert {"order.orders.total", "order.refund.kept", "kitchen.snack.price", "film.screening.price_from"} <= set(SUMS)

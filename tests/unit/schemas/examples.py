"""A value that a schema accepts, made up field by field."""

from collections.abc import Iterator
from typing import Any

import marshmallow
from marshmallow import fields

# Whatever a field is for, one of these suits it.
SUITABLE: tuple[Any, ...] = (
    "F7", "EUR", "ada.lovelace", "ada@example.org", "2026-11-21T19:30:00+01:00", "2026-11-21",
    "Europe/Berlin",
    "sandbox", "standard", "created", "captured", 7, 1250, 0.5, True, "01a1fd940ea77809a77a2f8a6f48a334",
    "cook@kino-am-kanal",
    "FR", "fr", "https://cinema.example/map", "4242", "00f067aa0ba902b7",
)


def example(schema: marshmallow.Schema) -> dict[str, Any]:
    """One object as it stands on the wire, with every field of the schema."""
    return {name: suitable(field) for name, field in schema.fields.items()}


def suitable(field: Any) -> Any:
    if isinstance(field, fields.Nested):
        return [example(field.schema)] if field.many else example(field.schema)
    if isinstance(field, fields.List):
        return [suitable(field.inner)]
    if isinstance(field, fields.Dict):
        # One without a schema of its own takes anything, and so has no fields of a later version.
        return {suitable(field.key_field): suitable(field.value_field)} if field.key_field else None
    return next(value for value in candidates(field) if accepts(field, value))


def candidates(field: Any) -> Iterator[Any]:
    for validator in field.validators:
        yield from getattr(validator, "choices", ())
    yield from SUITABLE


def accepts(field: Any, value: Any) -> bool:
    try:
        field.deserialize(value)
    except marshmallow.ValidationError:
        return False
    return True

"""Which fields are secrets: every request field whose name says so, and none besides."""

import re
from collections.abc import Iterator

import marshmallow
import pytest
from marshmallow import fields

from schemas import catalogue
from schemas.base import Method
from schemas.fields import is_secret

NAMED = re.compile(r"password|token|secret|second_factor|code$|^device$")
NO_SECRETS = {"postal_code"}


def all_fields(schema: marshmallow.Schema) -> Iterator[tuple[str, fields.Field]]:
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        yield from all_fields(inner.schema) if isinstance(inner, fields.Nested) else [(name, inner)]


def named(method: Method) -> set[str]:
    return {name for name, _ in all_fields(method.request()) if NAMED.search(name)} - NO_SECRETS


@pytest.mark.parametrize("method", [method for method in catalogue.methods().values() if method.access != "internal"],
                         ids=lambda method: method.path)
def test_a_field_with_the_name_of_a_secret_is_one(method: Method) -> None:
    assert method.secret_fields == named(method)
    assert {name for name, field in all_fields(method.request()) if is_secret(field)} == method.secret_fields


def test_the_secrets_that_everybody_knows_are_among_them() -> None:
    methods = catalogue.methods()
    assert methods["user", "authorize"].secret_fields == {"token"}
    assert methods["user", "login"].secret_fields >= {"password"}
    assert not methods["user", "get_profile"].secret_fields

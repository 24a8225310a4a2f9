"""Every read takes the same fields in a query string as in a JSON body, lists included."""

from typing import Any
from urllib.parse import urlencode

import pytest
from marshmallow import fields

from gateway.docs import examples, openapi
from gateway.http import request_reader
from gateway.routes.method_fields import read_fields
from gateway.routes.methods import PUBLIC
from schemas.base import Method
from schemas.errors import Malformed

READS = [method for method in PUBLIC.values() if method.reads and not method.secret_fields]
FIELDS = [(method, name, field) for method in READS for name, field in method.request().fields.items()]
LISTS = [(method, name) for method, name, field in FIELDS if isinstance(field, fields.List)]
SINGLE = [(method, name) for method, name, field in FIELDS if not isinstance(field, fields.List)]


def named(value: Any) -> str:
    return value.path if isinstance(value, Method) else str(value)


def asked(method: Method, query: str) -> dict[str, Any]:
    """The fields that the gateway passes on."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": method.path, "QUERY_STRING": query}
    return read_fields(method, request_reader.read_head(environ))


@pytest.mark.parametrize("method", READS, ids=named)
def test_a_query_means_what_the_same_body_means(method: Method) -> None:
    example = examples.fields_of(method)
    assert method.load(asked(method, urlencode(example, doseq=True))) == method.load(example)


@pytest.mark.parametrize(("method", "name"), LISTS, ids=named)
def test_a_list_is_its_field_once_for_each_element(method: Method, name: str) -> None:
    assert asked(method, f"{name}=A1") == {name: ["A1"]}
    assert asked(method, f"{name}=A1&{name}=A2") == {name: ["A1", "A2"]}
    assert asked(method, "") == {}


@pytest.mark.parametrize(("method", "name"), SINGLE, ids=named)
def test_a_field_that_is_not_a_list_is_given_once(method: Method, name: str) -> None:
    with pytest.raises(Malformed):
        asked(method, f"{name}=1&{name}=2")


def test_every_list_field_can_be_written_in_a_query() -> None:
    assert LISTS
    for method, name in LISTS:
        inner: Any = method.request().fields[name]
        assert not isinstance(inner.inner, fields.Nested | fields.List | fields.Dict), f"{method.path} {name}"


@pytest.mark.parametrize(("method", "name"), LISTS, ids=named)
def test_the_documentation_says_how_a_list_is_written(method: Method, name: str) -> None:
    parameters = openapi.document()["paths"][method.path]["get"]["parameters"]
    said = next(parameter for parameter in parameters if parameter.get("name") == name)
    assert (said["style"], said["explode"]) == ("form", True)
    assert urlencode({name: examples.fields_of(method)[name]}, doseq=True) in examples.curl(method)

"""The OpenAPI document agrees with the contract, in terms that every tool understands."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gateway.docs import examples, openapi, other_addresses
from gateway.http.messages import Request
from gateway.routes.method_fields import read_fields
from gateway.routes.methods import PUBLIC
from schemas import catalogue
from schemas.base import Method
from schemas.errors import FieldsInvalid, Malformed

# What each type of JSON may have at its limits and beyond them.
PROBES: dict[str, tuple[Any, ...]] = {
    "string": ("", "a", "F7", "f7", "EUR", "eur", "a b", " ", "\u00a0", "ü", "\x00", "a\n", "F7\n", "A" * 33, "a" * 65,
               "a" * 256, "a" * 1025, "2026-11-21", "2026-11-21\n", "20261121", "2026-W47-6", "2026-11-21T19:30:00",
               "2026-11-21T19:30:00Z", "2026-11-21T19:30:00.125+01:00", "20261121T193000+0100", "2026-W47-6T19:30:00Z",
               "1899-12-31T00:00:00Z", "yesterday", "0" * 32, "A" * 32, "../x", "cook@c1", "cook@", "sandbox"),
    "integer": (-(10**15), -1, 0, 1, 7, 7.0, 7.5, 100, 101, 10**4 + 1, 10**7, 10**15),
    "array": ([], [{}], ["F7"], ["a b"], ["F7"] * 101),
}
# What only words can say: these fields are checked by more than a pattern of JSON Schema.
IN_WORDS = {"username", "display_name", "email", "time_zone", "cinema", "country"}


def test_the_document_has_every_public_method_and_no_other() -> None:
    public = {method.path for method in catalogue.methods().values() if method.access != "internal"}
    assert set(openapi.document()["paths"]) - other_addresses.paths().keys() == public


def test_the_patterns_of_the_document_are_those_of_browsers() -> None:
    r"""Python's \A and \Z are plain letters to them."""
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(openapi.document()))
    assert len(patterns) > 5
    assert [pattern for pattern in map(json.loads, patterns) if re.search(r"\\[AZz]|\(\?P", pattern)] == []


@cache
def document() -> dict[str, Any]:
    return openapi.document()


def schema_of(method: Method) -> dict[str, Any]:
    """The schema of a method's body, with all it refers to."""
    body = document()["paths"][method.path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return as_python_reads({**body, "components": document()["components"]})


def as_python_reads(schema: dict[str, Any]) -> dict[str, Any]:
    """The same, for a validator with Python's patterns: there `$` also stands before a line end."""
    text = re.sub(r'("pattern": "(?:[^"\\]|\\.)*)\$"', r'\1\\\\Z"', json.dumps(schema))
    return dict(json.loads(text))


def properties(method: Method) -> dict[str, Any]:
    name = schema_of(method)["$ref"].rpartition("/")[2]
    return dict(document()["components"]["schemas"][name].get("properties", {}))


def refused(method: Method, sent: dict[str, Any]) -> set[str]:
    """The fields that the method refuses in such a body."""
    try:
        method.load(sent)
    except FieldsInvalid as refusal:
        return set(refusal.about["fields"])
    return set()


def probes(described: dict[str, Any]) -> Iterator[Any]:
    kinds = described["type"] if isinstance(described["type"], list) else [described["type"]]
    for kind in kinds:
        yield from PROBES.get(kind, ())


WITH_BODY = [method for method in PUBLIC.values() if "requestBody" in document()["paths"][method.path]["post"]]


@pytest.mark.parametrize("method", WITH_BODY, ids=lambda method: method.path)
def test_the_document_refuses_what_the_gateway_refuses_and_nothing_else(method: Method) -> None:
    validator, example, wrong = Draft202012Validator(schema_of(method)), examples.fields_of(method), []
    for name, described in properties(method).items():
        for probe in probes(described):
            sent = {**example, name: probe}
            by_document = any(problem.path and problem.path[0] == name for problem in validator.iter_errors(sent))
            by_gateway = name in refused(method, sent)
            if by_document and not by_gateway or by_gateway and not by_document and name not in IN_WORDS:
                wrong.append((name, probe, f"refused by the {'document' if by_document else 'gateway'} alone"))

    assert wrong == []


@pytest.mark.parametrize("method", WITH_BODY, ids=lambda method: method.path)
def test_a_body_and_its_fields_are_required_where_the_gateway_refuses_a_request_without_them(method: Method) -> None:
    body, example = document()["paths"][method.path]["post"]["requestBody"], examples.fields_of(method)
    validator = Draft202012Validator(schema_of(method))

    assert body["required"] is bool(refused(method, read_fields(method, Request("POST", method.path, "r1"))))
    for name in properties(method):
        sent = {key: value for key, value in example.items() if key != name}
        missing = [each.message for each in validator.iter_errors(sent) if each.validator == "required"]
        assert (name in refused(method, sent)) is any(f"'{name}'" in message for message in missing)
    assert refused(method, {**example, "unknown": 1}) >= {"unknown"}
    assert not validator.is_valid({**example, "unknown": 1})


@pytest.mark.parametrize("key", ["a", "!", "~", "a" * 255, "", "a" * 256, "a b", "ü", "a\x7f", "a\n"])
def test_the_document_refuses_the_idempotency_keys_that_the_gateway_refuses(key: str) -> None:
    parameters = {each["name"]: each for each in document()["components"]["parameters"].values()}
    method = next(each for each in PUBLIC.values() if each.keyed)
    try:
        read_fields(method, Request("POST", method.path, "r1", environ={"HTTP_IDEMPOTENCY_KEY": key}))
        is_taken = True
    except Malformed:
        is_taken = False

    assert is_taken is Draft202012Validator(as_python_reads(parameters["Idempotency-Key"]["schema"])).is_valid(key)

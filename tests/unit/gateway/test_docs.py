"""The OpenAPI document and the page made from it."""

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.docs import docs_page, openapi
from gateway.routes.methods import PUBLIC
from schemas import catalogue, user
from schemas.base import Nothing


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_names_exactly_the_public_methods_and_their_verbs(document: dict[str, Any]) -> None:
    assert {path: set(verbs) for path, verbs in document["paths"].items()} == {
        method.path: {"get", "post"} if method.reads else {"post"} for method in PUBLIC.values()}


def test_every_operation_names_its_fields_and_its_refusals(document: dict[str, Any]) -> None:
    for method in PUBLIC.values():
        for verb, operation in document["paths"][method.path].items():
            descriptions = " ".join(reply["description"] for reply in operation["responses"].values())
            assert all(f"`{refusal.code}`" in descriptions for refusal in method.refusals)
            assert ("security" in operation) == (method.access != "public" or (method, verb) == (user.AUTHORIZE, "get"))
            parameters = operation.get("parameters", [])
            named = {parameter["name"] for parameter in parameters if parameter.get("in") == "query"}
            assert named == (set(method.request().fields) - method.secret_fields if verb == "get" else set())
            assert ("requestBody" in operation) == (verb == "post" and method.request is not Nothing)
            keyed = {"$ref": "#/components/parameters/IdempotencyKey"} in parameters
            assert keyed == method.keyed


def test_every_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_the_problem_schema_names_every_code(document: dict[str, Any]) -> None:
    problem = document["components"]["schemas"]["Problem"]
    assert problem["properties"]["code"]["enum"] == sorted(catalogue.refusals())


def test_the_page_names_every_method_and_explains_every_code(document: dict[str, Any]) -> None:
    page = docs_page.render(document)
    for method in PUBLIC.values():
        assert f'id="{method.room}.{method.name}"' in page
    for code in catalogue.refusals():
        assert f'<tr id="{code}">' in page
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert all(f'id="{target}"' in page for target in targets)


def test_code_in_a_text_is_marked_and_no_text_becomes_markup(document: dict[str, Any]) -> None:
    assert "`" not in docs_page.render(document)
    assert docs_page.prose("`<b>` & `x`") == "<code>&lt;b&gt;</code> &amp; <code>x</code>"


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script(document: dict[str, Any]) -> None:
    page = docs_page.render(document)
    assert "<script" not in page
    assert "style=" not in page
    assert not re.findall(r'(?:href|src)="(?!/|#)', page)

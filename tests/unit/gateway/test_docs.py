"""The OpenAPI document and the page made from it."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.docs import answers, docs_page, openapi, other_addresses
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
    paths = {path: set(verbs) for path, verbs in document["paths"].items()}
    assert {path: paths.pop(path) for path in other_addresses.paths()} == {
        "/health": {"get"}, "/ready": {"get"}, "/services": {"get"}, "/live/{screening_id}": {"get"},
        "/payment/webhook/{provider}": {"post"}, "/page/report_error": {"post"}}
    assert paths == {
        method.path: {"get", "post"} if method.reads else {"post"} for method in PUBLIC.values()}


def test_the_document_says_what_the_settings_allow_of_an_order() -> None:
    schemas = openapi.document({"seats": 8, "snacks": 10, "quantity": 9})["components"]["schemas"]
    buying = schemas["MethodsBuyRequest"]["properties"]
    assert (buying["seats"]["maxItems"], buying["snacks"]["maxItems"]) == (8, 10)
    assert schemas["KitchenWantedSnack"]["properties"]["quantity"]["maximum"] == 9


def test_the_document_is_about_the_gateway_that_it_comes_from_and_names_the_public_address() -> None:
    assert [server["url"] for server in openapi.document()["servers"]] == ["/"]
    servers = openapi.document(public_url="https://cinema.example")["servers"]
    assert [server["url"] for server in servers] == ["/", "https://cinema.example"]


def test_a_page_signs_in_by_cookie_and_header_together(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert (schemes["session"]["in"], schemes["session"]["name"]) == ("cookie", "__Host-marquee")
    assert schemes["session_header"]["name"] == "X-Session"
    assert document["paths"]["/order/buy"]["post"]["security"] == [{"token": []}, {"session": [], "session_header": []}]


def test_a_429_says_when_to_come_back(document: dict[str, Any]) -> None:
    for path, verbs in document["paths"].items():
        for operation in verbs.values():
            headers = operation["responses"].get("429", {"headers": {"Retry-After": {"required": True}}})["headers"]
            assert headers["Retry-After"]["required"], path
    assert "429" in document["paths"]["/live/{screening_id}"]["get"]["responses"]


def test_every_recorded_answer_is_one_that_its_method_may_give(document: dict[str, Any]) -> None:
    assert {"user.login", "order.buy", "order.pay", "film.get_hall_info"} <= answers.recorded().keys()
    for name, answer in answers.recorded().items():
        content = document["paths"]["/" + name.replace(".", "/")]["post"]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer)


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

"""The register of rooms, the OpenAPI document and the page made from it."""

import re
import time
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.docs import docs_page, openapi
from gateway.routes.methods import PUBLIC
from gateway.service_registry import Rooms
from schemas import catalogue
from schemas.base import Nothing
from services.foundation.amqp.presence import FORGOTTEN_AFTER_SECONDS


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def says(room: str, instance: str = "1", *, leaving: bool = False, methods: list[str] | None = None) -> dict[str, Any]:
    return {"room": room, "instance": instance, "version": "1.2", "leaving": leaving,
            "methods": methods if methods is not None else ["charge", "get_status"]}


# --- rooms ---


def test_a_room_is_there_from_its_first_word_to_its_last() -> None:
    rooms = Rooms()
    assert rooms.ready() == dict.fromkeys(catalogue.rooms(), False)
    rooms.hear(says("film"))
    assert rooms.ready()["film"]
    rooms.hear(says("film", leaving=True))
    assert not rooms.ready()["film"]


def test_one_of_two_leaving_leaves_one() -> None:
    rooms = Rooms()
    rooms.hear(says("order", "1"))
    rooms.hear(says("order", "2"))
    assert [room["instances"] for room in rooms.services()] == [2]
    rooms.hear(says("order", "1", leaving=True))
    assert [room["instances"] for room in rooms.services()] == [1]
    assert rooms.ready()["order"]


def test_a_room_that_says_nothing_for_a_while_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = Rooms()
    rooms.hear(says("film"))
    later = time.monotonic() + FORGOTTEN_AFTER_SECONDS + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not rooms.ready()["film"]
    assert rooms.services() == []


def test_the_list_of_services_tells_the_paths_of_public_methods_only() -> None:
    rooms = Rooms()
    rooms.hear(says("order", methods=["buy", "get_info"]))
    rooms.hear(says("payment"))
    listed = {room["room"]: room for room in rooms.services()}
    assert listed["order"]["paths"] == ["/order/buy", "/order/get_info"]
    assert listed["payment"]["methods"] == ["charge", "get_status"]
    assert listed["payment"]["paths"] == []


# --- the document ---


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_names_exactly_the_public_methods_and_their_verbs(document: dict[str, Any]) -> None:
    assert {path: set(verbs) for path, verbs in document["paths"].items()} == {
        method.path: {"get", "post"} if method.reads else {"post"} for method in PUBLIC.values()}


def test_every_operation_names_its_fields_and_its_refusals(document: dict[str, Any]) -> None:
    for method in PUBLIC.values():
        for verb, operation in document["paths"][method.path].items():
            told = " ".join(reply["description"] for reply in operation["responses"].values())
            assert all(f"`{refusal.code}`" in told for refusal in method.refusals)
            assert ("security" in operation) == (method.access != "public")
            parameters = operation.get("parameters", [])
            asked = {parameter["name"] for parameter in parameters if parameter.get("in") == "query"}
            assert asked == (set(method.request().fields) if verb == "get" else set())
            assert ("requestBody" in operation) == (verb == "post" and method.request is not Nothing)
            keyed = {"$ref": "#/components/parameters/IdempotencyKey"} in parameters
            assert keyed == method.keyed


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_problems_name_every_code_there_is(document: dict[str, Any]) -> None:
    problem = document["components"]["schemas"]["Problem"]
    assert problem["properties"]["code"]["enum"] == sorted(catalogue.refusals())


# --- the page ---


def test_the_page_names_every_method_and_explains_every_code(document: dict[str, Any]) -> None:
    page = docs_page.render(document)
    for method in PUBLIC.values():
        assert f'id="{method.room}.{method.name}"' in page
    for code in catalogue.refusals():
        assert f'<tr id="{code}">' in page
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert all(f'id="{target}"' in page for target in targets)


def test_the_page_needs_nobody_else_and_runs_nothing(document: dict[str, Any]) -> None:
    page = docs_page.render(document)
    assert "<script" not in page
    assert "style=" not in page
    assert not re.findall(r'(?:href|src)="(?!/|#)', page)

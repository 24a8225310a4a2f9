"""The OpenAPI document tells the truth: a client generated from it buys, and its examples look like the answers."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.docs import answers
from testbed.mesh import Mesh
from tests.drivers.raw_connection import get, raw_connection
from tests.integration.gateway.generated_client import GeneratedClient, generated_client

RECORD = os.environ.get("MARQUEE_RECORD_ANSWERS") == "yes"    # write gateway/docs/answers.json anew
SECRET = ("token", "device")
LONGEST_TEXT, LONGEST_LIST = 240, 2


def buy_a_ticket(client: GeneratedClient, mesh: Mesh) -> None:
    """From the programme to the refund, as the README's tour."""
    screening = mesh.fresh_screening(180)
    for method, fields in {"film.get_all_list": {}, "film.get_info_list": {"page_size": 2},
                           "film.get_hall_info": {"screening_id": screening}, "order.get_ticket_keys": {},
                           "film.suggest_seats": {"screening_id": screening, "count": 2}}.items():
        client.call(method, **fields)
    hall = client.answers["film.get_hall_info"]
    client.call("film.get_info", film_id=hall["screening"]["film"]["film_id"])
    menu = client.call("kitchen.get_menu", cinema_id=hall["screening"]["cinema"]["cinema_id"])
    name, password = f"reader{next(mesh.numbers)}", "a long sentence is a good password"
    client.call("user.register", username=name, password=password)
    client.sign_in(client.call("user.login", username=name, password=password).token)
    seats = client.answers["film.suggest_seats"]["seats"]
    bought = client.call("order.buy", key=f"buy-{name}", screening_id=screening, seats=seats,
                         snacks=[{"sku": menu.snacks[0].sku, "quantity": 1}])
    order = {"order_id": bought.order_id}
    assert client.call("order.pay", **order, method="sandbox").status == "paid"
    for method in ("order.get_info", "order.get_ticket_images", "order.get_calendar", "order.get_receipt",
                   "order.refund_preview"):
        client.call(method, **order)
    for method in ("user.get_profile", "user.get_sessions", "order.get_list", "order.get_upcoming",
                   "account.get_overview", "loyalty.get_points", "loyalty.get_check_in", "wallet.get_balance",
                   "notification.get_messages", "notification.get_unread", "payment.get_cards"):
        client.call(method)
    assert client.call("order.refund", **order, seats=seats[:1]).status == "part_refunded"
    client.call("user.logout")


@pytest.fixture(scope="module")
def client(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with generated_client(mesh.url, tmp_path_factory.mktemp("client")) as client:
        buy_a_ticket(client, mesh)
        yield client


def as_example(answer: Any, name: str = "") -> Any:
    """An answer to show: no secret, no endless text or list."""
    if isinstance(answer, dict):
        return {key: as_example(value, key) for key, value in answer.items()}
    if isinstance(answer, list):
        return [as_example(value) for value in answer[:LONGEST_LIST]]
    if isinstance(answer, str) and name in SECRET:
        return f"the-{name}-of-this-answer"
    return answer[:LONGEST_TEXT] if isinstance(answer, str) else answer


def names(answer: Any, at: str = "") -> set[str]:
    """The fields of an answer, each with those that it is in."""
    if isinstance(answer, dict):
        return {at}.union(*(names(value, f"{at}.{key}") for key, value in answer.items()))
    if isinstance(answer, list):
        return {at}.union(*(names(value, f"{at}[]") for value in answer))
    return {at}


@pytest.mark.full_size("integration/gateway/test_openapi_document.py", "contracts/test_openapi.py")
def test_a_client_generated_from_the_document_buys_a_ticket(client: GeneratedClient) -> None:
    assert client.answers["order.pay"]["status"] == "paid"
    assert client.answers["order.refund"]["status"] == "part_refunded"


def test_the_examples_of_the_document_are_what_the_methods_answer(client: GeneratedClient) -> None:
    real = {name: as_example(answer) for name, answer in sorted(client.answers.items())}
    if RECORD:
        Path(answers.FILE).write_text(json.dumps(real, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        answers.recorded.cache_clear()
    shown = answers.recorded()
    assert shown.keys() == real.keys()
    for name, answer in real.items():
        assert required(names(shown[name])) == required(names(answer)), name


def required(fields: set[str]) -> set[str]:
    """Those at the top, which every answer has; how many things a list has differs from day to day."""
    return {field for field in fields if field.count(".") == 1 and "[]" not in field}


def test_the_limit_of_seats_is_the_one_that_holds(mesh: Mesh) -> None:
    schemas = requests.get(mesh.url + "/openapi.json", timeout=10).json()["components"]["schemas"]
    most = schemas["MethodsBuyRequest"]["properties"]["seats"]["maxItems"]
    screening, buyer = mesh.fresh_screening(180), mesh.buyer()
    free = [seat for seat, state in mesh.seats(screening).items() if state == "free"]

    too_many = mesh.post("/order/buy", buyer, screening_id=screening, seats=free[:most + 1])
    bought = mesh.post("/order/buy", buyer, screening_id=screening, seats=free[:most])

    assert (too_many.status_code, too_many.json()["code"]) == (422, "fields_invalid")
    assert bought.status_code == 200, bought.text


def test_the_session_of_the_document_signs_in(mesh: Mesh) -> None:
    document = requests.get(mesh.url + "/openapi.json", timeout=10).json()
    schemes = document["components"]["securitySchemes"]
    cookie, header = schemes["session"]["name"], schemes["session_header"]["name"]
    with requests.Session() as browser:
        browser.cookies.set(cookie, mesh.buyer())
        assert browser.get(mesh.url + "/user/get_profile", timeout=10).status_code == 401
        assert browser.get(mesh.url + "/user/get_profile", headers={header: "cookie"}, timeout=10).status_code == 200


def test_the_other_addresses_answer_as_the_document_says(mesh: Mesh, port: int) -> None:
    document = requests.get(mesh.url + "/openapi.json", timeout=10).json()
    for path in ("/health", "/ready", "/services"):
        answer = requests.get(mesh.url + path, timeout=10)
        schema = document["paths"][path]["get"]["responses"][str(answer.status_code)]
        assert answer.json().keys() == set(schema["content"]["application/json"]["schema"]["required"])
    report = document["paths"]["/page/report_error"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert requests.post(mesh.url + "/page/report_error", json=report, timeout=10).json() == {}
    forged = requests.post(mesh.url + "/payment/webhook/sandbox", json={}, timeout=10)
    assert str(forged.status_code) in document["paths"]["/payment/webhook/{provider}"]["post"]["responses"]
    with raw_connection(port) as line:
        opened = line.ask(get(f"/live/{mesh.fresh_screening(180)}"))
        assert opened.headers["content-type"] in (
            document["paths"]["/live/{screening_id}"]["get"]["responses"][str(opened.status)]["content"])

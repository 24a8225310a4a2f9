"""A purchase is one trace: from the buyer's click over the payment and its webhook to the mail and the popcorn."""

import json
import re
from collections.abc import Iterator

import pytest

from testbed.mesh import Mesh
from tests.drivers.collected_spans import SpanCollector, collected_spans, new_traceparent, parents
from tests.drivers.orders import buy, choose, start
from tests.drivers.snack_orders import SKU
from tests.integration.gateway.conftest import LogLines

# Each span of a purchase with its parent, outermost first.
PURCHASE = {
    "gateway server POST /order/buy": None,
    "gateway client order.buy": "gateway server POST /order/buy",
    "order server order.buy": "gateway client order.buy",
    "order client EVALSHA": "order server order.buy",
    "order client INSERT orders": "order server order.buy",
    "order producer send order.created": "order server order.buy",
    "order internal publish order.created": "order producer send order.created",
    "gateway server POST /order/pay": None,
    "order server order.pay": "gateway client order.pay",
    "order client payment.start": "order server order.pay",
    "payment server payment.start": "order client payment.start",
    "payment client sandbox authorize": "payment server payment.start",
    "payment internal sandbox page": "payment client sandbox authorize",
    "payment internal deliver sandbox webhook": "payment client sandbox authorize",
    "payment client POST": "payment internal deliver sandbox webhook",
    "gateway server POST /payment/webhook/{provider}": "payment client POST",
    "payment server payment.receive_webhook": "gateway client payment.receive_webhook",
    "payment internal process webhook": "payment server payment.receive_webhook",
    "payment internal sync with provider": "payment server payment.start",
    "payment producer send payment.captured": "payment internal sync with provider",
    "order consumer process payment.captured": "payment producer send payment.captured",
    "order producer send order.paid": "order consumer process payment.captured",
    "kitchen consumer process order.paid": "order producer send order.paid",
    "notification consumer process order.paid": "order producer send order.paid",
    "loyalty consumer process order.paid": "order producer send order.paid",
    "notification internal send message": "notification consumer process order.paid",
    "notification client user.get_contact": "notification internal send message",
    "user server user.get_contact": "notification client user.get_contact",
}


@pytest.fixture
def collector(mesh: Mesh) -> Iterator[SpanCollector]:
    with collected_spans(mesh) as collector:
        yield collector


@pytest.fixture
def traceparent(mesh: Mesh) -> Iterator[str]:
    """The trace in which the buyer's requests are made."""
    mesh.http.headers["traceparent"] = given = new_traceparent()
    yield given
    del mesh.http.headers["traceparent"]


def test_a_purchase_with_its_payment_mail_and_popcorn_is_one_trace(
        mesh: Mesh, collector: SpanCollector, traceparent: str, log_lines: LogLines) -> None:
    screening, token = mesh.fresh_screening(180), mesh.buyer()
    order = buy(mesh, token, screening, list(mesh.seats(screening))[:2], (SKU, 1))
    assert choose(mesh, start(mesh, token, order), "pay").status_code == 303

    # Not asked for meanwhile: `order.get_info` would make the order paid if it were faster than the event.
    spans = collector.below(traceparent, PURCHASE)
    assert {span.attributes["marquee.order_id"] for span in spans if "marquee.order_id" in span.attributes} == {
        order["order_id"]}
    [bought] = [span for span in spans if span.title == "order server order.buy"]
    lines = log_lines("order", bought.attributes["marquee.request_id"])
    assert {(line["trace_id"], line["span_id"]) for line in lines} == {(bought.trace_id, bought.span_id)}


def test_the_end_of_an_unpaid_order_belongs_to_the_trace_of_its_purchase(
        mesh: Mesh, collector: SpanCollector, traceparent: str) -> None:
    screening, token = mesh.fresh_screening(180), mesh.buyer()
    order = buy(mesh, token, screening, list(mesh.seats(screening))[:1])
    mesh.rows("order", "UPDATE orders SET expires_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE order_id = :order",
              order=order["order_id"])
    found = parents(collector.of(traceparent, "order internal sweep order", "order producer send order.expired"))
    assert found["order internal sweep order"] == {"order server order.buy"}
    assert found["order producer send order.expired"] == {"order internal sweep order"}


def test_the_page_and_the_webhook_of_a_provider_are_linked_to_the_payment(
        mesh: Mesh, collector: SpanCollector, traceparent: str) -> None:
    screening, token = mesh.fresh_screening(180), mesh.buyer()
    paying = start(mesh, token, buy(mesh, token, screening, list(mesh.seats(screening))[:1]))
    mesh.http.headers["traceparent"] = visit = new_traceparent()
    assert mesh.get(paying["payment"]["redirect_url"]).status_code == 200
    [page] = [span for span in collector.of(traceparent, "payment internal sandbox page")
              if span.name == "sandbox page"]
    [shown] = [span for span in collector.of(visit, "payment server payment.show_page")
               if span.title == "payment server payment.show_page"]
    assert (page.links, shown.links) == ([visit[3:35]], [traceparent[3:35]])


def test_a_problem_names_its_trace_and_a_span_says_why(mesh: Mesh, collector: SpanCollector, traceparent: str) -> None:
    refused = mesh.post("/order/pay", mesh.buyer(), order_id="0" * 32, method="sandbox")
    assert refused.status_code == 404
    assert refused.json()["trace_id"] == traceparent[3:35] == refused.headers["traceparent"][3:35]
    [span] = [span for span in collector.of(traceparent, "order server order.pay") if span.kind == "server"
              and span.room == "order"]
    assert (span.attributes["marquee.refusal"], json.loads(span.text)["status"]) == (refused.json()["code"], "unset")


def test_sql_is_recorded_without_its_values(mesh: Mesh, collector: SpanCollector, traceparent: str) -> None:
    screening, token = mesh.fresh_screening(180), mesh.buyer()
    buy(mesh, token, screening, list(mesh.seats(screening))[:1])
    statements = [span.attributes for span in collector.of(traceparent, "order client COMMIT")
                  if span.attributes.get("db.system.name") == "mariadb"]
    texts = [str(each["db.query.text"]) for each in statements if "db.query.text" in each]
    assert any("INSERT INTO orders" in text for text in texts)
    assert not [text for text in texts if re.search(r"'|\"|\b\d{3,}\b", text)]
    assert {each["db.namespace"] for each in statements} >= {"marquee_order_mesh"}

"""The payment routes: webhooks of providers, and the sandbox's payment page."""

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import requests
from nameko.standalone.rpc import ClusterRpcClient

from schemas.payment import WEBHOOK_LIMIT
from services.foundation.ids import new_id
from services.payment.webhook_signatures import sign
from testbed.mesh import Mesh, wait_until

Begin = Callable[..., dict[str, Any]]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def rooms(mesh: Mesh) -> Iterator[Any]:
    import nameko

    with nameko.config.patch(mesh.settings, clear=True), ClusterRpcClient(timeout=20) as client:
        yield client


@pytest.fixture
def begin(rooms: Any) -> Iterator[Begin]:
    """A payment at the sandbox's page, of an order that exists for this test only."""
    orders = []

    def start(return_url: str = "/order/1") -> dict[str, Any]:
        orders.append(new_id())
        later = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=15)).isoformat()
        begun = rooms.payment.start(order_id=orders[-1], amount=1250, currency="EUR", method="card",
                                    return_url=return_url, expires_at=later)
        return {**begun, "order_id": orders[-1]}

    yield start
    for order_id in orders:  # money without an order would break an invariant
        if taken := rooms.payment.close(order_id=order_id)["captured"]:
            rooms.payment.refund(refund_id=new_id(), order_id=order_id, amount=taken, currency="EUR")


def submit(mesh: Mesh, begun: dict[str, Any], choice: str, **headers: str | None) -> requests.Response:
    sent = {"Origin": mesh.url, **FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.post(mesh.url + begun["redirect_url"], data=f"choice={choice}", timeout=30, allow_redirects=False,
                         headers={name: value for name, value in sent.items() if value is not None})


def payment_of(mesh: Mesh, begun: dict[str, Any]) -> str:
    [row] = mesh.rows("payment", "SELECT status FROM payment WHERE payment_id = :p", p=begun["payment_id"])
    return str(row.status)


# --- the page ---


@pytest.mark.parametrize(("choice", "end"), [("pay", "captured"), ("decline", "failed")])
def test_a_buyer_s_choice_on_the_page_reaches_the_payment_room_in_a_signed_webhook(
        mesh: Mesh, begin: Begin, choice: str, end: str) -> None:
    begun = begin()

    answer = submit(mesh, begun, choice)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/order/1")
    wait_until(lambda: payment_of(mesh, begun) == end, 60, f"a payment that is {end}")
    [kept] = mesh.rows("payment", "SELECT COUNT(*) AS n FROM webhook_inbox WHERE payment_id = :p AND type IN "
                                  "('payment.authorized', 'payment.declined')", p=begun["payment_id"])
    assert kept.n == 1


def test_the_page_runs_no_script_and_loads_nothing_from_elsewhere(mesh: Mesh, begin: Begin) -> None:
    page = mesh.get(begin()["redirect_url"])

    policy = page.headers["Content-Security-Policy"]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "form-action 'self';" in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "€12.50" in page.text
    for stylesheet in re.findall(r'href="(/web/[^"]+)"', page.text):
        assert mesh.get(stylesheet).status_code == 200


@pytest.mark.parametrize(("asked", "said"), [("zh-CN,zh;q=0.9,en;q=0.8", "测试"), ("en-GB,en", "Test money"),
                                             ("de-DE", "Test money")])
def test_the_page_is_in_the_buyer_s_language(mesh: Mesh, begin: Begin, asked: str, said: str) -> None:
    page = requests.get(mesh.url + begin()["redirect_url"], headers={"Accept-Language": asked}, timeout=30)
    assert said in page.text


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}])
def test_a_form_of_another_site_is_refused(mesh: Mesh, begin: Begin, headers: dict[str, str | None]) -> None:
    begun = begin()

    answer = submit(mesh, begun, "pay", **headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert payment_of(mesh, begun) == "pending"


def test_a_program_without_an_origin_may_send_the_form(mesh: Mesh, begin: Begin) -> None:
    begun = begin()

    answer = submit(mesh, begun, "pay", Origin=None)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/order/1")
    wait_until(lambda: payment_of(mesh, begun) == "captured", 60, "the payment")


@pytest.mark.parametrize(("headers", "body", "status"), [
    ({"Content-Type": "application/json"}, '{"choice": "pay"}', 400), (FORM, "choice=steal", 422),
    (FORM, "", 422), (FORM, "choice=pay&amount=1", 422), (FORM, "choice=" + "x" * 5000, 413),
    (FORM, "choice=%ff", 400)])
def test_a_malformed_form_is_refused(mesh: Mesh, begin: Begin, headers: dict[str, str], body: str,
                                               status: int) -> None:
    begun = begin()
    answer = requests.post(mesh.url + begun["redirect_url"], data=body, headers={"Origin": mesh.url, **headers},
                           timeout=30, allow_redirects=False)

    assert answer.status_code == status
    assert payment_of(mesh, begun) == "pending"


def test_an_unknown_payment_has_no_page(mesh: Mesh) -> None:
    assert mesh.get(f"/payment/sandbox/{new_id()}").status_code == 404
    assert requests.put(mesh.url + f"/payment/sandbox/{new_id()}", timeout=30).status_code == 405


# --- webhooks ---


def send(mesh: Mesh, body: bytes, signature: str | None, provider: str = "sandbox") -> requests.Response:
    headers = {"Sandbox-Signature": signature} if signature is not None else {}
    return requests.post(f"{mesh.url}/payment/webhook/{provider}", data=body, headers=headers, timeout=30)


@pytest.fixture
def secret(mesh: Mesh, begin: Begin) -> str:
    """The secret of the sandbox, which it makes with its first webhook."""
    submit(mesh, begin(), "decline")
    rows = wait_until(lambda: mesh.rows("payment", "SELECT secret FROM sandbox_secret ORDER BY secret_id DESC"), 30)
    return str(rows[0].secret)


def message(payment_id: str) -> bytes:
    return orjson.dumps({"id": new_id(), "type": "payment.authorized", "data": {"payment_id": payment_id}})


def kept(mesh: Mesh, payment_id: str) -> int:
    [row] = mesh.rows("payment", "SELECT COUNT(*) AS n FROM webhook_inbox WHERE payment_id = :p", p=payment_id)
    return int(row.n)


def test_a_webhook_and_its_copies_are_answered_200(mesh: Mesh, secret: str) -> None:
    payment_id, now = new_id(), int(time.time())
    body = message(payment_id)

    answers = [send(mesh, body, sign(secret, body, now)) for _ in range(3)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {})] * 3
    assert kept(mesh, payment_id) == 1


def test_a_forged_signature_is_refused_with_400_and_not_stored(mesh: Mesh, secret: str) -> None:
    payment_id, now = new_id(), int(time.time())
    body = message(payment_id)
    answers = [send(mesh, body, signature) for signature in (
        None, "", "nonsense", sign("wrong", body, now), sign(secret, body, now - 302), sign(secret, body, now + 400),
        sign(secret, body + b" ", now))]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(400, "webhook_refused")}
    assert kept(mesh, payment_id) == 0


def test_a_malformed_webhook_is_refused(mesh: Mesh) -> None:
    assert send(mesh, b"{}", "t=1", provider="paypal").status_code == 404
    assert send(mesh, b"x" * (WEBHOOK_LIMIT + 1), "t=1").status_code == 413
    assert send(mesh, b"x" * WEBHOOK_LIMIT, "t=1").status_code == 400
    assert send(mesh, b"", None).status_code == 400
    assert mesh.get("/payment/webhook/sandbox").status_code == 405


@pytest.mark.parametrize("method", ["receive_webhook", "show_page", "answer_page", "start"])
def test_the_methods_behind_payment_routes_can_not_be_called(mesh: Mesh, method: str) -> None:
    assert mesh.post(f"/payment/{method}").status_code == 404


def test_no_log_has_a_secret_or_a_signature(mesh: Mesh, secret: str) -> None:
    assert secret not in mesh.log("")
    assert "v1=" not in mesh.log("")

"""The sandbox's payment page in a real browser: its form works and leads back."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import nameko
import pytest
from nameko.standalone.rpc import ClusterRpcClient
from playwright.sync_api import Page, expect

from services.foundation.ids import new_id
from testbed.mesh import Mesh, wait_until
from tests.browser.driver import DESK, PHONE, Visit
from tests.browser.inspection import FITS, keep_picture, violations

at_full_size = pytest.mark.full_size("browser/test_sandbox_page.py")

Begin = Callable[[], dict[str, Any]]


@pytest.fixture
def begin(mesh: Mesh) -> Iterator[Begin]:
    """A payment at the sandbox's page, of an order that exists for this test only."""
    orders = []
    with nameko.config.patch(mesh.settings, clear=True), ClusterRpcClient(timeout=20) as rooms:
        def start() -> dict[str, Any]:
            orders.append(new_id())
            later = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=15)).isoformat()
            return dict(rooms.payment.start(order_id=orders[-1], amount=2450, currency="EUR", method="card",
                                            return_url="/account?back", expires_at=later))

        yield start
        for order_id in orders:
            if taken := rooms.payment.close(order_id=order_id)["captured"]:
                rooms.payment.refund(refund_id=new_id(), order_id=order_id, amount=taken, currency="EUR")


def becomes(mesh: Mesh, begun: dict[str, Any], status: str) -> None:
    query = "SELECT status FROM payment WHERE payment_id = :p"
    wait_until(lambda: mesh.rows("payment", query, p=begun["payment_id"])[0].status == status, 60, status)


def test_a_buyer_pays_after_a_code_and_comes_back(mesh: Mesh, visit: Visit, begin: Begin) -> None:
    begun = begin()
    page = visit(begun["redirect_url"])
    expect(page.get_by_text("€24.50")).to_be_visible()
    page.get_by_role("button", name="Pay with a confirmation code").click()

    page.get_by_label("Code").fill("1111")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That was not the code.")).to_be_visible()
    page.get_by_label("Code").fill("1234")
    page.get_by_role("button", name="Confirm").click()

    page.wait_for_url("**/account?back")
    becomes(mesh, begun, "captured")


BUTTONS = {"付款": "captured", "被拒绝": "failed", "余额不足": "failed", "不付款，返回": "pending"}


@at_full_size
def test_every_button_leads_back_on_a_phone_in_chinese(mesh: Mesh, visit: Visit, begin: Begin) -> None:
    page = visit("/account", size=PHONE, language="zh-CN")
    for button, status in BUTTONS.items():
        begun = begin()
        page.goto(begun["redirect_url"])
        page.get_by_role("button", name=button, exact=True).click()

        page.wait_for_url("**/account?back" + ("&payment=abandoned" if status == "pending" else ""))
        becomes(mesh, begun, status)


def test_another_site_can_not_press_the_button(mesh: Mesh, visit: Visit, begin: Begin) -> None:
    begun = begin()
    page = visit(complaints_expected=True)
    form = f'<form method="post" action="{mesh.url}{begun["redirect_url"]}">'
    evil = form + '<button name="choice" value="pay">Win</button></form>'
    page.route("http://evil.example/", lambda route: route.fulfill(body=evil, content_type="text/html"))
    page.goto("http://evil.example/")
    with page.expect_response("**/payment/sandbox/*") as answer:
        page.get_by_role("button", name="Win").click()

    assert answer.value.status == 403
    becomes(mesh, begun, "pending")


@at_full_size
@pytest.mark.parametrize(("size", "language"), [(DESK, "en-GB"), (PHONE, "zh-CN")], ids=["desk", "phone"])
def test_the_payment_page_is_accessible(visit: Visit, begin: Begin, size: tuple[int, int], language: str) -> None:
    page = visit(begin()["redirect_url"], size=size, language=language)
    inspect_form(page, f"test-money-{size[0]}")
    page.locator("button[value=challenge]").click()
    page.locator("input[name=code]").fill("1")
    page.locator("button[value=confirm]").click()
    inspect_form(page, f"test-money-code-{size[0]}")


def inspect_form(page: Page, name: str) -> None:
    page.locator("h1").wait_for()
    keep_picture(page, name, full_page=True)
    assert page.evaluate(FITS)
    assert violations(page) == []

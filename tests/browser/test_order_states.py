"""An order in each of its states: nothing seriously inaccessible, and a picture to look at."""

from typing import Any

import pytest
from playwright.sync_api import Page

from testbed.mesh import Mesh
from tests.browser.driver import Visit, mark_as_test, order_page
from tests.browser.inspection import SIZES, inspect


def paying(status: str, reason: str | None = None) -> dict[str, Any]:
    payment = {"payment_id": "p1", "status": status, "redirect_url": None, "reason": reason}
    return {"status": "paying", "payment": payment, "tickets": [], "kitchen": None}


def ended(status: str, reason: str | None = None, refunded: int = 2800) -> dict[str, Any]:
    return {"status": status, "end_reason": reason, "refunded": refunded, "tickets": [], "kitchen": None}


# What the API says of an order, where that is not what it says of one just paid.
STATES: dict[str, dict[str, Any]] = {
    "asking": paying("pending"),
    "declined": paying("failed", "declined"),
    "closed": paying("cancelled"),
    "payment-review": paying("review"),
    "revived": {"revived": True},
    "review": ended("review", refunded=0),
    "expired": ended("expired", refunded=0),
    "paid-late": ended("expired", "paid_late"),
    "cancelled": ended("cancelled", "asked", refunded=0),
    "screening-cancelled": ended("refunding", "screening_cancelled"),
    "refunded": ended("refunded", "asked"),
}
TIERS = [{"until": "2099-11-20T18:00:00+00:00", "percent": 100, "fee": 0, "amount": 2800},
         {"until": "2099-11-21T18:00:00+00:00", "percent": 50, "fee": 100, "amount": 1200}]


def inspect_the_way_to_the_payment_page(page: Page, order: dict[str, Any], how: str) -> list[str]:
    """While a browser looks for the provider's page; and later, when nothing has come from there."""
    page.route("**/order/get_info*", lambda route: route.fulfill(json={**order, **paying("none")}))
    there = {**order["payment"], "redirect_url": "/payment/sandbox/p1"}
    page.route("**/order/pay", lambda route: route.fulfill(json={**order, "payment": there}))
    page.route("**/payment/sandbox/*", lambda route: route.fulfill(status=204))  # the browser stays where it is
    page.clock.install()
    page.goto(f"/order/{order['order_id']}")
    page.locator(".pay .primary").click()
    page.locator(".payment-stage.leaving").wait_for()
    problems = inspect(page, f"order-leaving-{how}")
    page.route("**/order/get_info*", lambda route: route.fulfill(json=order))
    page.clock.fast_forward(10_000)
    page.locator(".payment-stage.open").wait_for()
    problems += inspect(page, f"order-open-{how}")
    return problems


def inspect_a_returned_ticket_of_a_demonstration(page: Page, order: dict[str, Any], how: str) -> list[str]:
    """One ticket is void and another valid, and both are marked, as is the page; axe sees no text on stripes."""
    void, valid = order["tickets"]
    part = {"status": "part_refunded", "refunded": order["seats"][0]["price"],
            "tickets": [{**void, "status": "void", "code": None}, valid]}
    mark_as_test(page)
    page.route("**/order/get_info*", lambda route: route.fulfill(json={**order, **part}))
    page.route("**/order/get_ticket_images*", lambda route: route.fulfill(json={"tickets": [
        ticket for ticket in route.fetch().json()["tickets"] if ticket["ticket_id"] == valid["ticket_id"]]}))
    page.goto(f"/order/{order['order_id']}")
    page.locator(".ticket.void .code .muted").wait_for()
    page.locator(".ticket .qr").wait_for()
    problems = []
    for stripe in ("accent", "accent-strong"):
        page.locator(".test-money").evaluate("(it, name) => { it.style.background = `var(--${name})`; }", stripe)
        problems += inspect(page, f"order-void-test-{stripe}-{how}")
    return problems


@pytest.mark.full_size("browser/test_accessibility.py", "web/order_test.js")
@pytest.mark.parametrize(("language", "theme", "size"), [("en", "light", "phone"), ("zh", "dark", "desk")])
def test_every_state_of_an_order_is_accessible(visit: Visit, mesh: Mesh, language: str, theme: str, size: str) -> None:
    page = order_page(visit, mesh, "H8", "H9", size=SIZES[size], theme=theme)
    order = page.evaluate("""() => fetch(`/order/get_info?order_id=${location.pathname.split("/").at(-1)}`, {
      headers: { "X-Session": "cookie" } }).then((answer) => answer.json())""")
    told: dict[str, Any] = {}
    page.evaluate("tag => localStorage.setItem('language', JSON.stringify(tag))", language)
    page.route("**/order/get_info*", lambda route: route.fulfill(json={**order, **told}))
    page.route("**/order/get_list*", lambda route: route.fulfill(json={
        "orders": [{**order, **state} for state in STATES.values()], "next_cursor": None,
        "server_time": order["server_time"]}))
    problems: list[str] = []
    for name, state in STATES.items():
        told = state
        page.reload()
        page.locator(".order .status").wait_for()
        problems += inspect(page, f"order-{name}-{language}-{theme}-{size}")
    told = {"refund_terms": {"full_until": TIERS[0]["until"], "tiers": TIERS}}
    seats = [{**seat, "refund": seat["price"] // 2 - 100} for seat in order["seats"]]
    page.route("**/order/refund_preview*", lambda route: route.fulfill(json={
        "seats": seats, "snacks": {"price": 1250, "refund": 0}, "until": TIERS[1]["until"]}))
    page.reload()
    page.locator(".terms").wait_for()
    problems += inspect(page, f"refund-terms-{language}-{theme}-{size}")
    page.locator(".refund").click()
    page.locator(".dialog .kept").wait_for()
    problems += inspect(page, f"refund-in-part-{language}-{theme}-{size}")
    page.goto("/account")
    page.locator(".order-line").first.wait_for()
    problems += inspect(page, f"orders-{language}-{theme}-{size}")
    problems += inspect_a_returned_ticket_of_a_demonstration(page, order, f"{language}-{theme}-{size}")
    problems += inspect_the_way_to_the_payment_page(page, {**order, **paying("pending")}, f"{language}-{theme}-{size}")
    assert problems == []

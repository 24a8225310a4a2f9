"""Managers look inside: the picture of the mesh, its traces, and the spans of one."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import Visit, open_account, sign_in_as_staff
from tests.browser.inspection import SIZES, inspect
from tests.drivers.busy_mesh import busy_mesh, one_purchase
from tests.drivers.spans import publish

at_full_size = pytest.mark.full_size("browser/test_insight.py")


def visit_as_manager(visit: Visit, mesh: Mesh, path: str, **options: Any) -> Page:
    page = visit("/kitchen", **options)
    sign_in_as_staff(page, mesh)
    page.goto(path)
    page.wait_for_selector("main:not([aria-busy]) .insight")
    return page


def sent_purchase(mesh: Mesh) -> Any:
    """A purchase whose payment failed, newer than all other traces there are, as the room has it."""
    batches, purchase = one_purchase(int((time.time() + 60) * 1_000_000), "failed", seed=int(time.time()))
    publish(mesh.settings["AMQP_URI"], *batches)
    staff = mesh.staff()
    wait_until(lambda: len(mesh.get("/insight/get_trace", staff, trace_id=purchase.trace_id).json().get("spans", ()))
               == len(purchase.spans), 30, "the spans")
    return purchase


def test_a_manager_follows_a_failed_purchase_from_the_picture_to_its_cause(visit: Visit, mesh: Mesh) -> None:
    purchase = sent_purchase(mesh)
    page = visit_as_manager(visit, mesh, "/insight?minutes=5")
    node = page.get_by_role("button", name=re.compile("^payment: "))

    node.click()
    expect(page).to_have_url(re.compile(r"/insight\?minutes=5&room=payment$"))
    expect(node).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(node).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".node:focus")).not_to_have_attribute("data-node", "payment")
    here = page.locator(".node:focus").get_attribute("data-node")

    # The page refreshes by itself, and the focus stays.
    page.get_by_label("Outcome").select_option("error")
    page.locator(f"[data-node={here}]").focus()
    with page.expect_response("**/insight/get_topology*"):
        pass
    expect(page.locator(".node:focus")).to_have_attribute("data-node", str(here))

    page.locator(f"a[href='/insight?trace={purchase.trace_id}']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("POST /order/buy")
    spans = page.locator(".spans [data-span]")
    expect(spans).to_have_count(len(purchase.spans))
    spans.first.focus()
    for _ in range(len(purchase.spans) - 1):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".span-details")).to_contain_text("ProviderSilent")
    expect(page.locator(".span-details code")).to_contain_text(purchase.trace_id)
    page.reload()
    expect(page.locator(".span-details")).to_contain_text("ProviderSilent")
    page.locator(".back").click()
    expect(page).to_have_url(re.compile(r"/insight\?minutes=5&status=error$"))

    order_id = next(made["attributes"]["marquee.order_id"] for _, made in purchase.spans
                    if "marquee.order_id" in made["attributes"])
    page.get_by_label("Order, request or trace id").fill(order_id)
    page.keyboard.press("Enter")
    expect(page.locator(".traces a")).to_have_count(1)
    expect(page.locator(".chosen")).to_contain_text(order_id)
    page.get_by_role("button", name="Clear all filters").click()
    expect(page).to_have_url(re.compile(r"/insight\?minutes=5$"))


@at_full_size
def test_the_page_is_accessible(visit: Visit, mesh: Mesh) -> None:
    purchase = sent_purchase(mesh)
    publish(mesh.settings["AMQP_URI"], *busy_mesh(int(time.time() * 1_000_000), minutes=4, count=60))
    problems = []
    for language, theme, size in (("en-GB", "dark", "desk"), ("zh-CN", "light", "phone")):
        page = visit_as_manager(visit, mesh, "/insight", language=language, theme=theme, size=SIZES[size])
        page.locator(".node[data-node=order]").wait_for()
        page.locator(".tables summary").first.click()
        page.locator(".tables summary").last.click()
        problems += inspect(page, f"insight-{theme}-{size}")
        page.goto(f"/insight?trace={purchase.trace_id}")
        page.locator(".spans .error").last.click()
        problems += inspect(page, f"insight-trace-{theme}-{size}")
    assert problems == []


@at_full_size
def test_a_refresh_that_fails_moves_nothing(visit: Visit, mesh: Mesh) -> None:
    page = visit_as_manager(visit, mesh, "/insight")
    warning = page.locator(".insight > .warning")
    page.route("**/insight/get_topology*", lambda route: route.fulfill(status=503, body="{}"))
    expect(warning).to_be_visible()
    page.unroute("**/insight/get_topology*")
    expect(warning).to_be_hidden()
    assert inspect(page, "insight-warned") == []


@at_full_size
def test_a_phone_shows_which_request_failed_and_how_long_it_took(visit: Visit, mesh: Mesh) -> None:
    purchase = sent_purchase(mesh)
    page = visit_as_manager(visit, mesh, "/insight?status=error", size=SIZES["phone"])
    row = page.locator(f"a[href='/insight?trace={purchase.trace_id}']")
    assert row.locator(".trace-name").evaluate("name => name.scrollWidth <= name.clientWidth")

    row.click()
    expect(page.locator(".ruler b").first).to_be_visible()
    assert page.locator(".ruler b:not(:empty)").evaluate_all("""times => {
      const boxes = times.map((time) => time.getBoundingClientRect()).sort((one, other) => one.left - other.left);
      const { left, right } = document.querySelector(".ruler").getBoundingClientRect();
      return boxes.every((box, at) => box.left >= (boxes[at - 1]?.right ?? left) && box.right <= right);
    }""")
    page.get_by_role("button", name="Request", exact=True).click()
    page.locator(".spans .span").first.click()
    assert page.locator(".bar-took").evaluate_all("""figures => figures.filter((figure) => {
      const [own, track] = [figure, figure.parentElement].map((element) => element.getBoundingClientRect());
      return own.left < track.left || own.right > track.right;
    }).map((figure) => figure.textContent)""") == []
    assert inspect(page, "insight-phone-request") == []


def test_the_page_is_for_managers(visit: Visit) -> None:
    page = visit("/insight")
    expect(page.locator(".problem")).to_contain_text("Sign in with a manager's account")
    page.locator(".problem .primary").click()
    open_account(page)
    expect(page.locator(".problem")).to_contain_text("This page is for managers")
    expect(page.get_by_role("link", name="Insight")).to_have_count(0)

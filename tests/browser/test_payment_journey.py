"""From the order to the payment page and back: paid, declined, abandoned, late, twice, offline."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import Visit, cancel, choose, go_to_pay, order_of, order_page
from tests.drivers.commands import decide

at_full_size = pytest.mark.full_size("browser/test_payment_journey.py", "integration/order/test_paying_at_a_page.py")

Shop = Callable[..., Page]


@pytest.fixture
def checkout(visit: Visit, mesh: Mesh) -> Shop:
    """A buyer with an order to pay."""
    def shop(**options: Any) -> Page:
        return order_page(visit, mesh, "H8", "H9", paid=False, **options)

    return shop


def attempts(mesh: Mesh, order: str) -> list[str]:
    """The status of each attempt to pay the order, the first one first."""
    return [row.status for row in mesh.rows(
        "payment", "SELECT status FROM payment WHERE order_id = :o ORDER BY attempt", o=order)]


def taken(mesh: Mesh, order: str) -> list[tuple[int, int]]:
    """The amounts that the bank took for the order, and refunded of each."""
    return [(row.amount, row.refunded) for row in mesh.rows(
        "payment", "SELECT amount, refunded FROM sandbox_charge WHERE order_id = :o AND status = 'captured'", o=order)]


def price(mesh: Mesh, order: str) -> int:
    return int(mesh.rows("order", "SELECT total FROM orders WHERE order_id = :o", o=order)[0].total)


def has_tickets(page: Page, count: int) -> None:
    expect(page.locator(".ticket")).to_have_count(count)
    expect(page.locator(".status")).to_have_text("Paid")


def test_a_buyer_reads_why_a_payment_failed_and_pays_again(checkout: Shop, mesh: Mesh) -> None:
    """Declined, without money, and with a wrong code, which may be corrected until the third."""
    page = checkout()
    order = order_of(page)
    for choice, said in (("decline", "Your bank declined the payment"), ("insufficient_funds", "not enough money")):
        go_to_pay(page)
        choose(page, choice)
        expect(page.locator(".payment-stage.failed")).to_contain_text(said)
        expect(page.locator(".payment-stage.failed")).to_contain_text("Your seats are still yours")
        expect(page.locator(".status")).to_have_text("Payment failed")
        expect(page.get_by_role("timer")).to_be_visible()

    go_to_pay(page)
    choose(page, "challenge")
    for _ in range(3):
        page.get_by_label("Code").fill("0000")
        choose(page, "confirm")
    expect(page.locator(".payment-stage.failed")).to_contain_text("The code was wrong too often")

    go_to_pay(page)
    choose(page, "challenge")
    page.get_by_label("Code").fill("0000")
    choose(page, "confirm")
    page.get_by_label("Code").fill("1234")
    choose(page, "confirm")
    has_tickets(page, 2)
    assert attempts(mesh, order) == ["failed", "failed", "failed", "captured"]
    assert taken(mesh, order) == [(price(mesh, order), 0)]


@at_full_size
def test_a_buyer_who_left_the_payment_page_goes_back_or_reloads_loses_nothing(checkout: Shop, mesh: Mesh) -> None:
    page = checkout()
    order = order_of(page)
    go_to_pay(page)
    first = page.url
    choose(page, "abandon")
    expect(page.locator(".payment-stage.abandoned")).to_contain_text("You left the payment page")
    assert page.url.endswith(f"/order/{order}")
    expect(page.get_by_role("timer")).to_be_visible()

    go_to_pay(page)
    assert page.url == first
    page.go_back()
    expect(page.locator(".payment-stage.abandoned")).to_be_visible()
    page.clock.install()
    page.reload()
    page.locator(".payment-stage.asking").wait_for()
    page.clock.fast_forward(10_000)
    expect(page.locator(".payment-stage.open")).to_contain_text("No payment has reached us yet")
    page.reload()
    page.get_by_role("button", name="Back to the payment page").click()
    page.wait_for_url(first)
    choose(page, "pay")
    has_tickets(page, 2)
    page.go_back()  # to the page where the buyer has paid, which leads on to the order
    page.wait_for_url(f"**/order/{order}")
    page.reload()
    has_tickets(page, 2)
    assert attempts(mesh, order) == ["captured"]
    assert taken(mesh, order) == [(price(mesh, order), 0)]


@at_full_size
def test_the_payment_page_has_the_language_and_theme_chosen_here_and_back_sends_no_form_again(checkout: Shop) -> None:
    page = checkout(theme="light")
    page.evaluate("localStorage.setItem('language', JSON.stringify('zh'))")
    page.reload()
    page.locator(".pay").wait_for()
    go_to_pay(page)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    choose(page, "challenge")
    page.get_by_label("验证码").fill("0000")
    choose(page, "confirm")
    expect(page.get_by_text("验证码不对")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("验证码")).to_be_visible()
    page.get_by_label("验证码").fill("1234")
    choose(page, "confirm")
    expect(page.locator(".ticket")).to_have_count(2)


def test_pressing_pay_twice_and_in_two_tabs_is_one_payment(checkout: Shop, mesh: Mesh) -> None:
    one = checkout()
    order = order_of(one)
    sent: list[str] = []
    one.on("request", lambda request: sent.append(request.url) if request.url.endswith("/order/pay") else None)
    other = one.context.new_page()
    other.goto(one.url)
    one.locator(".pay .primary").dblclick()
    one.wait_for_url("**/payment/sandbox/*")
    assert len(sent) == 1
    go_to_pay(other)
    assert one.url == other.url
    choose(one, "pay")
    has_tickets(one, 2)
    choose(other, "pay")
    has_tickets(other, 2)
    assert attempts(mesh, order) == ["captured"]
    assert taken(mesh, order) == [(price(mesh, order), 0)]


@at_full_size
def test_an_order_can_be_cancelled_while_its_payment_page_is_open(checkout: Shop, mesh: Mesh) -> None:
    page = checkout()
    order = order_of(page)
    other = page.context.new_page()
    other.goto(page.url)
    go_to_pay(page)
    cancel(other)
    expect(other.locator(".status")).to_have_text("Cancelled")
    choose(page, "pay")
    expect(page.locator(".status")).to_have_text("Cancelled")
    expect(page.locator(".ended")).to_contain_text("Nothing was charged")
    assert taken(mesh, order) == []


@at_full_size
def test_an_offline_payment_is_repeated_with_the_same_key(checkout: Shop,
                                                                                  mesh: Mesh) -> None:
    page = checkout(complaints_expected=True)
    order = order_of(page)
    keys: list[str | None] = []
    page.on("request", lambda request: keys.append(request.header_value("Idempotency-Key"))
            if request.url.endswith("/order/pay") else None)
    page.context.set_offline(True)
    page.locator(".pay .primary").click()
    expect(page.locator(".pay [role=alert]")).to_contain_text("You are offline")
    page.context.set_offline(False)
    page.route("**/order/pay", lambda route: (route.fetch(), route.abort())[1], times=1)  # its answer is lost
    # The route above is served only while the test waits for the page.
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/order/pay")):
        page.locator(".pay .primary").click()
    assert len(attempts(mesh, order)) == 1
    expect(page.locator(".pay [role=alert]")).to_contain_text("You are offline")

    go_to_pay(page)
    assert len(keys) == 3
    assert len(set(keys)) == 1
    choose(page, "pay")
    has_tickets(page, 2)
    assert attempts(mesh, order) == ["captured"]


@at_full_size
def test_an_attempt_after_a_lost_answer_and_a_decline_is_a_new_one(checkout: Shop, mesh: Mesh) -> None:
    page = checkout(complaints_expected=True)
    order = order_of(page)
    page.route("**/order/pay", lambda route: (route.fetch(), route.abort())[1], times=1)
    page.locator(".pay .primary").click()
    expect(page.locator(".pay [role=alert]")).to_be_visible()
    elsewhere = page.context.new_page()
    elsewhere.goto(page.url)
    elsewhere.get_by_role("button", name="Back to the payment page").click()
    elsewhere.wait_for_url("**/payment/sandbox/*")
    choose(elsewhere, "decline")

    expect(page.locator(".payment-stage.failed")).to_be_visible()
    expect(page.locator(".pay [role=alert]")).to_be_hidden()
    go_to_pay(page)
    choose(page, "pay")
    has_tickets(page, 2)
    assert attempts(mesh, order) == ["failed", "captured"]


@at_full_size
def test_going_back_to_the_payment_page_before_the_banks_answer_charges_nothing_again(checkout: Shop,
                                                                                               mesh: Mesh) -> None:
    page = checkout()
    order = order_of(page)
    mesh.rows("payment", "INSERT INTO sandbox_instruction VALUES (:o, 'drop_webhook', 9)", o=order)
    go_to_pay(page)
    mesh.rows("payment", "UPDATE payment SET tried_at = tried_at + INTERVAL 1 HOUR WHERE order_id = :o", o=order)
    choose(page, "pay")
    expect(page.locator(".payment-stage.asking")).to_contain_text("We are asking the bank")
    page.get_by_role("button", name="Back to the payment page").click()
    has_tickets(page, 2)
    assert attempts(mesh, order) == ["captured"]
    assert taken(mesh, order) == [(price(mesh, order), 0)]


@at_full_size
def test_a_lost_webhook_is_made_up_for_while_the_buyer_waits(checkout: Shop, mesh: Mesh) -> None:
    page = checkout()
    order = order_of(page)
    mesh.rows("payment", "INSERT INTO sandbox_instruction VALUES (:o, 'drop_webhook', 9)", o=order)
    go_to_pay(page)
    choose(page, "pay")
    expect(page.locator(".payment-stage.asking")).to_contain_text("We are asking the bank")
    page.locator(".ticket").first.wait_for(timeout=60_000)
    assert taken(mesh, order) == [(price(mesh, order), 0)]


@at_full_size
def test_a_page_from_the_browsers_own_cache_is_drawn_anew(visit: Visit) -> None:
    page = visit("/")
    page.locator("h1").evaluate("heading => heading.classList.add('from-before')")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("h1.from-before")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_buyer_is_sent_to_no_unsafe_address(checkout: Shop) -> None:
    """Of several kinds, which tests/web tries."""
    page, address = checkout(complaints_expected=True), "javascript:document.title='hit'"

    def answer(route: Any) -> None:
        told = route.fetch().json()
        route.fulfill(json={**told, "payment": {**told["payment"], "redirect_url": address}})

    here = page.url
    page.route("**/order/pay", answer)
    page.locator(".pay .primary").click()
    expect(page.locator(".pay [role=alert]")).to_contain_text("Something went wrong on our side")
    assert page.url == here
    assert page.title() != "hit"
    assert address not in page.evaluate("[...document.links].map((link) => link.getAttribute('href'))")


# --- late ---


def let_time_run_out(mesh: Mesh, order: str) -> None:
    """The order expires while its buyer is at the payment page."""
    late = "UPDATE orders SET expires_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE order_id = :o"
    mesh.rows("order", late, o=order)
    ended = "SELECT 1 FROM orders WHERE order_id = :o AND status = 'expired'"
    wait_until(lambda: mesh.rows("order", ended, o=order), 60, "the order's end")


def take_money_late(mesh: Mesh, order: str) -> None:
    """A provider that had cancelled the payment takes the money all the same, and says so."""
    mesh.rows("payment", "UPDATE sandbox_charge SET status = 'captured' WHERE order_id = :o", o=order)
    mesh.rows("payment", "INSERT INTO webhook_inbox (provider, event_id, type, payment_id, received_at, due_at, tries) "
                         "SELECT 'sandbox', CONCAT('late-', payment_id), 'payment.captured', payment_id, "
                         "UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0 FROM payment WHERE order_id = :o", o=order)


@at_full_size
def test_a_late_payment_brings_the_seats_if_they_are_free(checkout: Shop, mesh: Mesh) -> None:
    page = checkout()
    order = order_of(page)
    go_to_pay(page)
    let_time_run_out(mesh, order)
    page.go_back()
    expect(page.locator(".status")).to_have_text("Expired")

    take_money_late(mesh, order)
    has_tickets(page, 2)
    expect(page.locator(".note.good")).to_contain_text("Your payment came late, but your seats were still free")
    assert taken(mesh, order) == [(price(mesh, order), 0)]


@at_full_size
def test_a_buyer_too_late_for_the_seats_is_not_charged_and_a_payment_goes_back(checkout: Shop, mesh: Mesh) -> None:
    page = checkout()
    order = order_of(page)
    go_to_pay(page)
    let_time_run_out(mesh, order)
    [screening] = mesh.rows("order", "SELECT screening_id FROM orders WHERE order_id = :o", o=order)
    faster = mesh.post("/order/buy", mesh.buyer(), screening_id=screening.screening_id, seats=["H9"])
    assert faster.status_code == 200
    choose(page, "pay")
    expect(page.locator(".status")).to_have_text("Expired")
    expect(page.locator(".ended")).to_contain_text("Nothing was charged")
    assert taken(mesh, order) == []

    take_money_late(mesh, order)
    expect(page.locator(".status")).to_have_text("Paid too late")
    expect(page.locator(".ended")).to_contain_text("is returned to you automatically")
    total = price(mesh, order)
    expect(page.locator(".sums dd").last).to_have_text(f"€{total / 100:.2f}")
    wait_until(lambda: taken(mesh, order) == [(total, total)], 60, "the money to go back")
    page.goto("/account")
    expect(page.locator(".order-line .status")).to_have_text("Paid too late")


@pytest.mark.full_size("browser/test_payment_journey.py")
def test_an_order_in_review_has_no_buttons(checkout: Shop, mesh: Mesh) -> None:
    page = checkout()
    order = order_of(page)
    go_to_pay(page)
    mesh.rows("payment", "UPDATE sandbox_charge SET amount = amount - 1 WHERE order_id = :o", o=order)
    choose(page, "pay")
    expect(page.locator(".status")).to_have_text("Under review")
    expect(page.get_by_role("main")).to_contain_text("Your seats stay yours meanwhile")
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    assert taken(mesh, order) == []
    decide(mesh, order, "release")

"""Refunds by the buyer and cancelled screenings: the page shows before, meanwhile and afterwards what happens."""

import datetime as dt
import json

import pytest
from playwright.sync_api import expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import Visit, order_of, order_page, pay_at_once

at_full_size = pytest.mark.full_size("browser/test_refunds.py")


def euros(cents: int) -> str:
    return f"€{cents / 100:.2f}"


def stamp(mesh: Mesh, order: str, *tiers: tuple[float, int, int]) -> None:
    """Give the order these terms: (hours from now, percent, fee)."""
    now = dt.datetime.now(dt.UTC)
    written = [{"until": (now + dt.timedelta(hours=hours)).isoformat(), "percent": percent, "fee": fee}
               for hours, percent, fee in tiers]
    mesh.rows("order", "UPDATE orders SET refund_tiers = :t WHERE order_id = :o", t=json.dumps(written), o=order)


@pytest.mark.full_size("browser/test_refunds.py", "integration/order/test_seats_sold_together.py")
def test_seats_sold_together_are_refunded_together(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "L1", "L2", "F1", "F2", "H8")
    page.get_by_role("button", name="Refund …").click()
    box = {seat: page.locator(f".dialog [name=seat][value={seat}]") for seat in ("L1", "L2", "F1", "F2", "H8")}
    box["L2"].uncheck()
    expect(box["L1"]).not_to_be_checked()
    box["F2"].uncheck()                 # a companion stays with somebody
    expect(box["F1"]).not_to_be_checked()
    box["F1"].check()
    expect(box["F2"]).to_be_checked()
    page.get_by_label("Into my wallet").check()
    amount = page.locator(".dialog .primary").inner_text().removeprefix("Refund ")
    page.locator(".dialog .primary").click()
    expect(page.locator(".ticket:not(.void)")).to_have_count(2)
    returned = mesh.rows("order", "SELECT seat_id FROM ticket WHERE order_id = :o AND status = 'void'",
                         o=order_of(page))
    assert {row.seat_id for row in returned} == {"F1", "F2", "H8"}
    [bank] = mesh.rows("payment", "SELECT refunded FROM sandbox_charge WHERE order_id = :o", o=order_of(page))
    assert bank.refunded == 0
    page.goto("/account")
    expect(page.locator(".wallet .balance")).to_have_text(amount)


def test_the_amount_kept_by_the_terms_is_shown_before_a_refund_and_kept(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", "H9")
    order = order_of(page)
    stamp(mesh, order, (-1, 100, 0), (2, 50, 100), (4, 0, 0))
    page.reload()
    expect(page.locator(".terms li")).to_have_count(2)
    expect(page.locator(".terms li").first).to_contain_text("50 % of each seat less €1.00 is paid back")

    [row] = mesh.rows("order", "SELECT seats FROM orders WHERE order_id = :o", o=order)
    price = next(seat["price"] for seat in json.loads(row.seats) if seat["seat_id"] == "H8")
    back = price // 2 - 100
    page.get_by_role("button", name="Refund").click()
    window = page.get_by_role("dialog")
    expect(window.locator(".picks li").first).to_contain_text(f"of {euros(price)}{euros(back)}")
    window.get_by_label("H9").uncheck()
    kept = f"Under the terms of this order, {euros(price - back)} is not refunded"
    expect(window.locator(".kept")).to_contain_text(kept)
    window.get_by_role("button", name=f"Refund {euros(back)}").click()

    expect(page.locator(".status")).to_have_text("Partly refunded")
    expect(page.locator(".status")).to_be_in_viewport()
    expect(page.locator(".news")).to_have_text(f"Given back: H8. Refunded: {euros(back)}.")
    expect(page.locator(".news")).to_be_focused()
    expect(page.locator(".ticket.void")).to_have_count(1)
    expect(page.locator(".sums div").filter(has_text="Refunded seats")).to_have_text("Refunded seatsH8")
    expect(page.locator(".sums div").first).to_have_text(f"SeatsH9 1 × {euros(price)}")
    expect(page.locator(".sums dd").last).to_have_text(euros(back))
    [bank] = mesh.rows("payment", "SELECT refunded FROM sandbox_charge WHERE order_id = :o", o=order)
    assert bank.refunded == back


@at_full_size
def test_the_terms_stand_beside_pay_and_no_refund_is_offered_after_the_last_tier(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", paid=False)
    total = str(page.locator(".sums dd").last.text_content())
    expect(page.locator(".pay .terms")).to_contain_text(f"everything is paid back: {total}")
    stamp(mesh, order_of(page), (-1, 100, 0))
    page.reload()
    expect(page.locator(".pay .terms")).to_contain_text("Once you have paid, nothing is paid back")
    pay_at_once(page)
    expect(page.get_by_text("too late for a refund")).to_be_visible()
    expect(page.get_by_role("button", name="Refund")).to_have_count(0)


@at_full_size
def test_a_refund_is_shown_as_on_its_way_until_it_has_gone(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8")
    order = order_of(page)
    mesh.rows("payment", "INSERT INTO sandbox_instruction VALUES (:o, 'lose_refund', 1)", o=order)
    page.get_by_role("button", name="Refund").click()
    page.get_by_role("dialog").locator(".primary").click()
    expect(page.locator(".status")).to_have_text("Being refunded")
    expect(page.locator(".ended")).to_contain_text("is on its way back to you")

    mesh.rows("order", "UPDATE refund SET requested_at = requested_at - INTERVAL 1 HOUR WHERE order_id = :o", o=order)
    expect(page.locator(".status")).to_have_text("Refunded")
    expect(page.locator(".ended")).to_contain_text("has gone back to you")


@at_full_size
def test_a_cancelled_screening_is_shown_to_paid_and_unpaid_buyers(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    paid = order_page(visit, mesh, "H8", screening=screening)
    unpaid = order_page(visit, mesh, "H9", screening=screening, paid=False)
    assert mesh.post("/order/cancel_screening", mesh.staff(), screening_id=screening, dry_run=False,
                     reason="broken").status_code == 200

    expect(unpaid.locator(".status")).to_have_text("Screening cancelled")
    expect(unpaid.locator(".ended")).to_contain_text("Nothing was charged")
    wait_until(lambda: mesh.rows("order", "SELECT 1 FROM orders WHERE order_id = :o AND status = 'refunded'",
                                 o=order_of(paid)), 60, "the refund")
    paid.reload()
    expect(paid.locator(".status")).to_have_text("Screening cancelled")
    expect(paid.locator(".ended")).to_contain_text("The cinema has cancelled this screening")
    total = str(paid.locator(".sums dd").nth(1).text_content())
    expect(paid.locator(".ended")).to_contain_text(f"All your money, {total}, has gone back to you")
    paid.goto("/account")
    expect(paid.locator(".order-line .status")).to_have_text("Screening cancelled")
    expect(paid.locator(".order-line")).to_contain_text(f"{total} refunded")

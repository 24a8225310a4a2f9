"""A stranger buys without an account, and finds the tickets again by mail or in an account."""

import secrets

import pytest
from playwright.sync_api import Locator, expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import PHONE, Visit, choose, go_to_pay, open_account, order_of
from tests.drivers.received_emails import ReceivedEmail, received_emails


def link_in(letter: ReceivedEmail, mesh: Mesh) -> str:
    return mesh.url + "/order/" + letter.text.partition("/order/")[2].split()[0]


def test_a_stranger_comes_from_the_front_page_to_a_ticket_in_six_taps_and_one_field_and_finds_it_again(
    visit: Visit, mesh: Mesh,
) -> None:
    page, email = visit("/", size=PHONE), f"grace.{secrets.token_hex(5)}@cinema.example"
    taps = 0

    def tap(target: Locator) -> None:
        nonlocal taps
        target.tap()
        taps += 1

    tap(page.locator(".film:not(.ghost) a.chip:visible").last)
    tap(page.locator(".hall .seat[data-state=free]").first)
    tap(page.get_by_role("button", name="Buy"))
    page.locator("[name=guest_email]").fill(email)
    tap(page.get_by_role("button", name="Pay "))
    page.wait_for_url("**/payment/sandbox/*")
    with page.expect_navigation():
        tap(page.locator("button[value=pay]"))
    expect(page.locator(".ticket .qr")).to_be_visible()
    assert taps <= 6
    assert page.evaluate("document.querySelector('.ticket').getBoundingClientRect().top + scrollY") < PHONE[1] / 2
    expect(page.locator("div.note.good")).to_contain_text(email)

    [letter] = wait_until(lambda: received_emails(mesh.folder / "messages", email), 60, "the letter")
    link = link_in(letter, mesh)
    other = visit(link)
    assert "#" not in other.url
    other.get_by_role("button", name="Open my order").click()
    expect(other.locator(".ticket .qr")).to_be_visible()
    expect(other.locator("div.note.good")).to_contain_text("We write to you there")
    third = visit(link)
    third.get_by_role("button", name="Open my order").click()
    expect(third.get_by_role("alert")).to_contain_text("used already")
    expect(third.get_by_role("button", name="Open my order")).to_be_hidden()
    expect(third.get_by_role("button", name="Mail me another link")).to_be_focused()
    third.keyboard.press("Enter")
    expect(third.locator(".note.good")).to_contain_text("on its way")
    wait_until(lambda: len(received_emails(mesh.folder / "messages", email)) == 2, 60, "another letter")
    third.evaluate("import('/web/account/session.js').then((session) => session.startGuest())")
    third.goto("/")
    third.goto(link_in(received_emails(mesh.folder / "messages", email)[-1], mesh))
    expect(third.get_by_role("main")).to_contain_text("for another guest than the one of this browser")

    other.get_by_role("button", name="Keep in an account").click()
    open_account(other)
    expect(other.locator("div.note.good")).to_have_count(0)
    other.goto("/account")
    expect(other.locator(f"a[href='/order/{order_of(page)}']").first).to_be_visible()


@pytest.mark.full_size("browser/test_guests.py", "integration/user/test_guests_keys.py")
def test_a_guest_without_an_address_is_told_to_print_and_can_be_forgotten(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    page.locator(".hall .seat[data-state=free]").first.click()
    page.get_by_role("button", name="Buy").click()
    page.locator("[name=guest_email]").fill("no address")
    page.get_by_role("button", name="Pay ").click()
    expect(page.locator("[name=guest_email]:invalid")).to_be_focused()
    page.locator("[name=guest_email]").fill("")
    go_to_pay(page)
    choose(page, "pay")
    expect(page.locator("div.note.warning")).to_contain_text("only in this browser")
    page.get_by_role("link", name="My order").click()
    expect(page.locator(".ticket .qr")).to_be_visible()
    address = page.url
    page.get_by_role("button", name="Forget on this device").click()
    page.wait_for_url("**/")
    page.goto(address)
    expect(page.get_by_role("dialog")).to_contain_text("by the link in your mail")
    page.keyboard.press("Escape")
    expect(page.locator("main .problem")).to_contain_text("open it by the link in your mail")
    expect(page.get_by_role("heading", name="Your order")).to_be_focused()

"""The account page and the wallet: what a member has, and paying with it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import PASSWORD, Visit, buy, open_account, order_page, pay
from tests.browser.inspection import inspect

at_full_size = pytest.mark.full_size(
    "browser/test_account.py", "integration/order/test_kept_cards.py", "integration/account/test_overview.py")

AMOUNT = 100_000


def credit(mesh: Mesh, page: Page) -> None:
    """Put money into the wallet of the member whom the page is signed in as."""
    member = fetch(page, "/user/get_profile")
    reply = mesh.post("/wallet/adjust", mesh.staff(), user_id=member["user_id"], amount=AMOUNT, currency="EUR",
                      reason="a test")
    assert reply.status_code == 200, reply.text


def fetch(page: Page, path: str) -> Any:
    """What the member whom the page is signed in as reads there."""
    return page.evaluate("path => fetch(path, {headers: {'X-Session': 'cookie'}}).then((reply) => reply.json())", path)


def euro_screening(mesh: Mesh) -> str:
    while True:
        screening = mesh.fresh_screening()
        hall = mesh.get("/film/get_hall_info", screening_id=screening).json()
        if hall["screening"]["currency"] == "EUR":
            return screening


def test_a_member_checks_in_once_pays_from_the_wallet_and_closes_the_account(visit: Visit, mesh: Mesh) -> None:
    page = visit("/account")
    page.locator("main .primary").click()
    open_account(page)
    expect(page.locator(".streak li")).to_have_count(7)
    page.get_by_role("button", name="Check in today").click()
    expect(page.locator(".check_in [role=status]")).to_contain_text("You got")
    expect(page.locator(".done-today")).to_be_focused()
    expect(page.locator(".points .balance")).to_have_text("5 points")  # they came by themselves
    page.reload()
    expect(page.locator(".done-today")).to_be_visible()
    expect(page.locator(".streak .done")).to_have_count(1)

    credit(mesh, page)
    page.goto(f"/screening/{euro_screening(mesh)}")
    buy(page, "F7", "F8")
    page.get_by_role("button", name="from the wallet").click()
    expect(page.locator(".ticket")).to_have_count(2)
    expect(page.locator(".earned")).to_contain_text("points")

    page.goto("/account")
    expect(page.locator(".next-ticket .seat-big")).to_have_text("F7, F8")
    expect(page.locator(".next-ticket img")).to_have_count(2)
    page.locator(".wallet .history summary").click()
    expect(page.locator(".wallet .entries li")).to_have_count(2)

    before = page.locator(".wallet .balance").inner_text()
    page.locator(".points button", has_text="€").press("Enter")
    expect(page.locator(".points .balance")).to_be_focused()
    expect(page.locator(".wallet .balance")).not_to_have_text(before)
    expect(page.locator(".wallet .entries li")).to_have_count(3)

    credit(mesh, page)  # unseen by the page
    [balance] = fetch(page, "/wallet/get_balance")
    left = f"€{balance['posted'] / 100:,.2f}"
    page.get_by_role("button", name="Close the account").click()
    expect(page.locator(".dialog .note")).to_have_text([
        re.compile("^You have 1 order with tickets for a coming screening"),
        f"There is {left} in your wallet. It is lost when you close the account."])
    assert inspect(page, "account-closing", sizes=("phone",)) == []
    page.locator(".dialog [name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Close it for good").click()
    expect(page.get_by_role("button", name="Sign in").first).to_be_visible()
    expect(page.locator("main .note.good")).to_have_text("Your account is closed.")
    page.reload()
    page.locator(".film:not(.ghost)").first.wait_for()
    expect(page.locator("main .note.good")).to_have_count(0)


@pytest.mark.full_size("integration/user/test_postal_addresses.py")
def test_a_member_adds_changes_and_removes_a_postal_address(visit: Visit) -> None:
    page = visit("/account", signed_in=True)
    section, saved = page.locator(".addresses"), page.locator(".addresses li")
    expect(section).to_contain_text("You have no postal addresses yet.")
    page.get_by_role("button", name="Add an address").click()
    expect(section.locator("[name=name]")).to_be_focused()
    for name, text in (("name", "Ada"), ("street", "Quay 7"), ("city", "Paris")):
        section.locator(f"[name={name}]").fill(text)
    section.locator("[name=country]").select_option("FR")
    page.get_by_role("button", name="Save the address").click()
    expect(section.get_by_role("status")).to_have_text("The address is saved.")
    expect(saved).to_contain_text("France")

    page.get_by_role("button", name="Change: Quay 7").click()
    expect(section.locator("[name=country]")).to_have_value("FR")
    section.locator("[name=street]").fill("Quay 8")
    page.get_by_role("button", name="Save the address").click()
    expect(saved).to_contain_text("Quay 8")
    page.reload()
    expect(saved).to_contain_text("Quay 8")
    page.get_by_role("button", name="Remove: Quay 8").click()
    expect(section.get_by_role("status")).to_have_text("The address is removed.")
    expect(section.get_by_role("heading")).to_be_focused()
    expect(saved).to_have_count(0)


@at_full_size
def test_an_order_dearer_than_the_wallet_is_paid_in_another_way(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}", signed_in=True)
    with page.expect_response("**/wallet/get_balance"):
        buy(page, "F7")
    expect(page.locator(".pay .primary")).to_be_visible()
    expect(page.locator(".from-wallet")).to_be_hidden()


@at_full_size
def test_a_kept_card_pays_the_next_order_and_is_removed(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "F7", paid=False)
    page.get_by_label("Keep this card").check()
    pay(page)
    wait_until(lambda: len(fetch(page, "/payment/get_cards")) == 1, 30, "the kept card")

    page.goto(f"/screening/{mesh.fresh_screening()}")
    buy(page, "F8")
    button = page.get_by_role("group", name="Your cards").get_by_role("button", name="with Visa ·· 4242")
    button.wait_for()
    found = inspect(page, "order-kept-card", sizes=("phone",))
    button.press("Enter")
    expect(page.locator(".ticket")).to_have_count(1)

    page.goto("/account")
    expect(page.locator(".cards li")).to_contain_text("Visa ·· 4242")
    found += inspect(page, "account-kept-card", sizes=("phone",))
    page.get_by_role("button", name="Remove Visa ·· 4242").press("Enter")
    expect(page.locator(".cards li")).to_have_count(0)
    expect(page.locator(".cards h2")).to_be_focused()
    assert fetch(page, "/payment/get_cards") == []
    assert found == []


@at_full_size
def test_the_account_page_says_what_is_missing(visit: Visit, mesh: Mesh) -> None:
    with mesh.without("wallet"):
        page = visit("/account", signed_in=True)
        expect(page.locator(".wallet .unavailable")).to_be_visible()
        expect(page.locator(".unavailable")).to_have_count(1)
        page.get_by_role("button", name="Close the account").click()
        expect(page.locator(".dialog .note")).to_contain_text("we do not know whether there is money in it")
        expect(page.locator(".streak li")).to_have_count(7)

    page.route("**/order/get_list*", lambda route: route.fulfill(status=503, json={"code": "room_unavailable"}))
    page.reload()
    expect(page.locator(".unavailable", has_text="can't be shown")).to_be_visible()
    expect(page.locator(".wallet .history")).to_be_visible()
    page.unroute("**/order/get_list*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".unavailable")).to_be_hidden()

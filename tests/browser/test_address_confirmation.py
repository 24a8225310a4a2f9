"""From a new account to a confirmed e-mail address, as its owner sees it."""

import secrets

import pytest
from playwright.sync_api import expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import Visit, open_account
from tests.browser.inspection import inspect
from tests.drivers.received_emails import received_emails

pytestmark = pytest.mark.full_size("integration/user/test_confirmations.py")


def test_an_address_is_confirmed_by_the_link_in_its_message(visit: Visit, mesh: Mesh) -> None:
    page, email = visit("/account", complaints_expected=True), f"ada.{secrets.token_hex(5)}@cinema.example"
    page.locator("main .primary").click()
    open_account(page, email)
    expect(page.locator(".email-address")).to_contain_text(f"{email} is not confirmed yet")

    [letter] = wait_until(lambda: received_emails(mesh.folder / "messages", email), 60, "the letter")
    page.goto(f"{mesh.url}/confirm#{letter.text.partition('/confirm#')[2].split()[0]}")
    expect(page.get_by_role("heading", name="Confirm your e-mail address")).to_be_visible()
    assert page.url == f"{mesh.url}/confirm"
    page.get_by_role("button", name="Yes, confirm it").click()
    expect(page.get_by_role("heading", name="Your address is confirmed")).to_be_visible()

    page.get_by_role("link", name="My account").click()
    expect(page.locator(".email-address")).to_contain_text(f"We write to {email}")


def test_the_account_page_changes_the_address_and_sends_another_link(visit: Visit, mesh: Mesh) -> None:
    page = visit("/account", signed_in=True, complaints_expected=True)
    email = f"ada.{secrets.token_hex(5)}@{'long-' * 10}name.cinema.example"
    page.locator(".email-address [name=email]").fill(".ada@cinema.example")
    page.locator(".email-address").get_by_role("button", name="Save").click()
    expect(page.locator(".email-address")).to_contain_text("We can't write to this address.")
    page.locator(".email-address [name=email]").fill(email)
    page.locator(".email-address").get_by_role("button", name="Save").click()
    expect(page.locator(".email-address")).to_contain_text(f"{email} is not confirmed yet")
    assert inspect(page, "account-long-address", axe=False, sizes=("phone",)) == []
    # Asked again before the first is sent, only one link would be mailed.
    wait_until(lambda: len(received_emails(mesh.folder / "messages", email)) == 1, 60, "the first letter")
    page.locator(".email-address").get_by_role("button", name="Send the link again").click()
    expect(page.locator(".email-address")).to_contain_text("A new link is on its way")
    wait_until(lambda: len(received_emails(mesh.folder / "messages", email)) == 2, 60, "both letters")


def test_a_link_that_was_not_sent_is_not_announced(visit: Visit, mesh: Mesh) -> None:
    page, email = visit("/account", complaints_expected=True), f"ada.{secrets.token_hex(5)}@cinema.example"
    for _ in range(mesh.settings["user"]["confirmations_an_hour"]):
        mesh.post("/user/register", username="guest" + secrets.token_hex(5), password="correct horse", email=email)
    page.locator("main .primary").click()
    open_account(page, email)
    expect(page.locator(".email-address")).to_contain_text("if it has not arrived, send it again")
    page.locator(".email-address").get_by_role("button", name="Send the link again").click()
    expect(page.locator(".email-address")).to_contain_text("Too many attempts. Please wait")

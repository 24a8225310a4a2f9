"""From a new account to a confirmed address, as its owner sees it."""

import secrets

from playwright.sync_api import expect

from testbed.mesh import Mesh, wait_until
from tests.browser.conftest import Visit
from tests.integration.notification.received_emails import received_emails


def test_who_gives_an_address_opens_the_link_and_is_told_that_it_is_confirmed(visit: Visit, mesh: Mesh) -> None:
    page, email = visit("/account", complaints_expected=True), f"ada.{secrets.token_hex(5)}@cinema.example"
    page.locator("main .primary").click()
    page.locator(".dialog .link").click()
    page.locator("[name=username]").fill("guest" + secrets.token_hex(5))
    page.locator("[name=password]").fill("correct horse")
    page.locator(".dialog [name=email]").fill(email)
    page.locator(".dialog .primary").click()
    expect(page.locator(".address")).to_contain_text(f"{email} is not confirmed yet")

    [letter] = wait_until(lambda: received_emails(mesh.folder / "messages", email), 30, "the letter")
    page.goto(f"{mesh.url}/confirm#{letter.text.partition('/confirm#')[2].split()[0]}")
    expect(page.get_by_role("heading", name="Confirm your e-mail address")).to_be_visible()
    assert page.url == f"{mesh.url}/confirm"
    page.get_by_role("button", name="Yes, confirm it").click()
    expect(page.get_by_role("heading", name="Your address is confirmed")).to_be_visible()

    page.get_by_role("link", name="My account").click()
    expect(page.locator(".address")).to_contain_text(f"We write to {email}")


def test_another_address_is_given_and_another_link_asked_for_on_the_account_page(visit: Visit, mesh: Mesh) -> None:
    page, email = visit("/", complaints_expected=True), f"ada.{secrets.token_hex(5)}@cinema.example"
    page.get_by_role("button", name="Sign in").click()
    page.locator(".dialog .link").click()
    page.locator("[name=username]").fill("guest" + secrets.token_hex(5))
    page.locator("[name=password]").fill("correct horse")
    page.locator(".dialog .primary").click()
    page.locator(".dialog").wait_for(state="detached")
    page.goto("/account")
    page.locator(".address [name=email]").fill(".ada@cinema.example")
    page.locator(".address").get_by_role("button", name="Save").click()
    expect(page.locator(".address")).to_contain_text("We can't write to this address.")
    page.locator(".address [name=email]").fill(email)
    page.locator(".address").get_by_role("button", name="Save").click()
    expect(page.locator(".address")).to_contain_text(f"{email} is not confirmed yet")
    # Asked again before the first is sent, only one link would be mailed.
    wait_until(lambda: len(received_emails(mesh.folder / "messages", email)) == 1, 60, "the first letter")
    page.locator(".address").get_by_role("button", name="Send the link again").click()
    expect(page.locator(".address")).to_contain_text("A new link is on its way")
    wait_until(lambda: len(received_emails(mesh.folder / "messages", email)) == 2, 60, "both letters")


def test_who_gets_no_link_is_not_told_that_one_was_sent(visit: Visit, mesh: Mesh) -> None:
    page, email = visit("/account", complaints_expected=True), f"ada.{secrets.token_hex(5)}@cinema.example"
    for _ in range(mesh.settings["user"]["confirmations_an_hour"]):
        mesh.post("/user/register", username="guest" + secrets.token_hex(5), password="correct horse", email=email)
    page.locator("main .primary").click()
    page.locator(".dialog .link").click()
    page.locator("[name=username]").fill("guest" + secrets.token_hex(5))
    page.locator("[name=password]").fill("correct horse")
    page.locator(".dialog [name=email]").fill(email)
    page.locator(".dialog .primary").click()
    expect(page.locator(".address")).to_contain_text("if none has come, send it again")
    page.locator(".address").get_by_role("button", name="Send the link again").click()
    expect(page.locator(".address")).to_contain_text("Too many attempts. Please wait")

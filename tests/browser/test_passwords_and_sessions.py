"""A forgotten password, a changed one, and sessions elsewhere, as the account's owner sees them."""

import secrets

import pytest
from playwright.sync_api import expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import PASSWORD, Visit, open_account
from tests.drivers.received_emails import received_emails

at_full_size = pytest.mark.full_size(
    "browser/test_passwords_and_sessions.py", "integration/user/test_password_changes.py")

NEW = "a better horse"


def test_a_forgotten_password_is_set_anew_by_the_link_in_the_message(visit: Visit, mesh: Mesh) -> None:
    name = "ada" + secrets.token_hex(5)
    email = f"{name}@cinema.example"
    mesh.post("/user/register", username=name, password=PASSWORD, email=email)
    mesh.rows("user", "UPDATE user SET email_confirmed_at = UTC_TIMESTAMP() WHERE username = :n", n=name)
    page = visit("/", complaints_expected=True)
    page.get_by_role("button", name="Sign in").first.click()
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("Username or e-mail").fill(email)
    page.get_by_role("button", name="Mail me the link").click()
    expect(page.get_by_role("heading", name="Check your mailbox")).to_be_focused()

    def links() -> list[str]:
        texts = [letter.text for letter in received_emails(mesh.folder / "messages", email)]
        return [text.partition("/reset#")[2].split()[0] for text in texts if "/reset#" in text]

    [token] = wait_until(links, 60, "the link")
    page.goto(f"{mesh.url}/reset#{token}")
    page.get_by_label("New password").fill(NEW)
    assert page.url == f"{mesh.url}/reset"
    page.get_by_role("button", name="Set the new password").click()
    expect(page.get_by_role("heading", name="Your new password is set")).to_be_focused()

    page.locator("main .primary").click()
    page.locator("[name=username]").fill(email)
    page.locator("[name=password]").fill(NEW)
    page.locator(".dialog .primary").click()
    expect(page.locator("header .name")).to_have_text(name)
    page.goto(f"{mesh.url}/reset#{token}")
    page.get_by_label("New password").fill("a third horse")
    page.get_by_role("button", name="Set the new password").click()
    expect(page.locator("main [role=alert]")).to_contain_text("it was used")


@at_full_size
def test_the_account_page_changes_the_password_and_ends_sessions(visit: Visit, mesh: Mesh) -> None:
    page = visit("/account", complaints_expected=True)
    page.locator("main .primary").click()
    open_account(page)
    name = page.locator("header .name").inner_text()
    tokens = [mesh.post("/user/login", username=name, password=PASSWORD).json()["token"] for _ in range(2)]
    page.reload()
    expect(page.locator(".sessions li")).to_have_count(3)
    expect(page.locator(".sessions li", has_text="this device")).to_contain_text("Chrome")
    page.locator(".sessions button").first.click()
    expect(page.locator(".sessions li")).to_have_count(2)
    expect(page.get_by_role("heading", name="Signed in")).to_be_focused()
    assert sorted(mesh.get("/user/get_profile", token).status_code for token in tokens) == [200, 401]

    page.get_by_label("Old password").fill("wrong horse")
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.locator(".password [role=alert].warning")).to_have_text("This is not your password.")
    expect(page.get_by_label("Old password")).to_be_focused()
    page.get_by_label("Old password").fill(PASSWORD)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.locator(".password")).to_contain_text("Your password is changed.")
    expect(page.get_by_role("heading", name="Password")).to_be_focused()
    expect(page.locator(".sessions li")).to_have_count(1)
    assert [mesh.get("/user/get_profile", token).status_code for token in tokens] == [401, 401]


@at_full_size
def test_a_user_with_a_name_in_another_script_signs_in_and_out(visit: Visit) -> None:
    page, name = visit("/account"), "王" + "".join(secrets.choice("伟芳娜敏静丽强磊军洋") for _ in range(8))
    page.locator("main .primary").click()
    page.locator(".dialog .link").click()
    expect(page.get_by_role("dialog", name="Open an account")).to_be_visible()
    page.locator("[name=username]").fill("ab")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator(".dialog .primary").click()
    expect(page.locator(".dialog [role=alert]")).to_contain_text("This username can't be used")
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator(".dialog .primary").click()
    expect(page.locator("header .name")).to_have_text(name)
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.locator("header .name")).to_have_count(0)

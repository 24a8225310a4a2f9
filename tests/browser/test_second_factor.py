"""The second step of signing in: set up on the account page, asked for in the sign-in window."""

import secrets

import pyotp
import pytest
from playwright.sync_api import expect

from testbed.mesh import Mesh
from tests.browser.driver import PASSWORD, Visit, sign_in_again, sign_out

pytestmark = pytest.mark.full_size("integration/user/test_second_factors.py")


def test_staff_set_up_a_second_factor_and_sign_in_with_it(visit: Visit, mesh: Mesh) -> None:
    name = "ada" + secrets.token_hex(5)
    mesh.post("/user/register", username=name, password=PASSWORD)
    mesh.rows("user", "UPDATE user SET roles = '[\"cook\"]' WHERE username = :n", n=name)
    page = visit("/account", complaints_expected=True)
    page.locator("main .primary").click()
    sign_in_again(page, name)

    section = page.locator(".second-factor")
    section.get_by_label("Password").fill(PASSWORD)
    section.get_by_role("button", name="Set it up").click()
    expect(section.get_by_alt_text("QR code for your authenticator app")).to_be_visible()
    app = pyotp.parse_uri(str(section.locator("a").get_attribute("href")))
    assert isinstance(app, pyotp.TOTP)
    section.get_by_label("Code").fill("000 000")
    section.get_by_role("button", name="Confirm").click()
    expect(section.get_by_role("status")).to_contain_text("wrong")
    section.get_by_label("Code").fill(app.now())
    section.get_by_role("button", name="Confirm").click()
    expect(section.locator(".recovery-codes li")).to_have_count(10)
    recovery_code = section.locator(".recovery-codes li").first.inner_text()
    section.get_by_role("button", name="I have kept them").click()
    expect(section).to_contain_text("10 recovery codes are left")

    sign_out(page)
    page.get_by_role("button", name="Sign in").first.click()
    sign_in_again(page, name)
    code = page.locator("dialog [name=second_factor]")
    expect(code).to_be_focused()
    expect(page.locator("dialog [name=password]")).to_be_hidden()
    code.fill(app.now())   # it has confirmed the set-up
    page.locator(".dialog .primary").click()
    expect(page.locator("dialog [role=alert]")).to_contain_text("used before")
    code.fill(recovery_code)
    page.locator(".dialog .primary").click()
    expect(page.locator("header .name")).to_have_text(name)

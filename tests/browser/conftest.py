"""Chromium, and the people who sit before it."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from testbed.mesh import ROOT, Mesh

SCREENSHOTS = ROOT / ".run" / "screenshots"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESK, PHONE = (1440, 900), (390, 844)
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
Visit = Callable[..., Page]


@pytest.fixture(scope="package")  # no longer: Playwright keeps an event loop running, and others want one of their own
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    assert executable, "Chromium is missing: ./build.sh --dev installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(mesh: Mesh, chromium: Browser) -> Iterator[Visit]:
    """Opens an address in a browser of its own; fails when the page complains in its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str = "/", *, size: tuple[int, int] = DESK, theme: str = "dark", language: str = "en-GB",
                  complaints_expected: bool = False, **options: Any) -> Page:
        if size[0] < 600:
            options = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2, **options}
        context = chromium.new_context(base_url=mesh.url, viewport={"width": size[0], "height": size[1]},
                                       locale=language, reduced_motion="reduce", **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(f"localStorage.getItem('theme') ?? localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
        if not complaints_expected:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda line: _note(line, complaints))
        page.goto(path)
        page.wait_for_selector("main:not([aria-busy]) h1")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _note(line: Any, complaints: list[str]) -> None:
    # Chromium itself reports every refusal of the API as an error.
    if line.type == "error" and "the server responded with a status of" not in line.text:
        complaints.append(line.text)


def open_account(page: Page) -> None:
    """In the window that asks to sign in."""
    page.locator(".dialog .link").click()
    page.locator("[name=username]").fill("guest" + secrets.token_hex(5))
    page.locator("[name=password]").fill("correct horse")
    page.locator(".dialog .primary").click()


def pick(page: Page, *seats: str) -> None:
    for seat in seats:
        page.locator(f"[data-seat={seat}]").click()


def state(page: Page, seat: str) -> str | None:
    return page.locator(f"[data-seat={seat}]").get_attribute("data-state")


def buy(page: Page, *seats: str) -> None:
    """From the seat map to an order that waits for its money."""
    pick(page, *seats)
    page.get_by_role("button", name="Buy").click()
    open_account(page)
    page.wait_for_url("**/order/*")


def go_to_pay(page: Page) -> None:
    """To the page where one pays with test money."""
    page.locator(".pay .primary").click()
    page.wait_for_url("**/payment/sandbox/*")


def choose(page: Page, choice: str) -> None:
    """What the buyer does there, which leads back to the order, or to a field for a code."""
    with page.expect_navigation():
        page.locator(f"button[value={choice}]").click()
    page.locator("[name=code], main:not([aria-busy]) .order").wait_for()


def pay(page: Page) -> None:
    """There and back, to the tickets."""
    go_to_pay(page)
    choose(page, "pay")
    page.locator(".ticket").first.wait_for()


def pay_at_once(page: Page) -> None:
    """As programs pay, through the API: for tests that are about something else."""
    page.evaluate("""() => fetch("/order/pay", {
      method: "POST", headers: { "Content-Type": "application/json", "X-Session": "cookie" },
      body: JSON.stringify({ order_id: location.pathname.split("/").at(-1), method: "sandbox" }),
    })""")
    page.reload()
    page.locator(".ticket").first.wait_for()


def sign_in_as_staff(page: Page, mesh: Mesh) -> None:
    """As if they had signed in before: the cookie, and what the page remembers of who it is."""
    page.context.clear_cookies()
    token = mesh.staff()
    name = mesh.get("/user/get_profile", token).json()["username"]
    page.context.add_cookies([{"name": "marquee", "value": token, "url": mesh.url, "httpOnly": True,
                               "sameSite": "Strict"}])
    page.evaluate("name => localStorage.setItem('user', JSON.stringify({username: name, roles: ['staff']}))", name)

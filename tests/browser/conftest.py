"""Chromium, and pages in browsers of their own."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from testbed.mesh import Mesh
from tests.browser.driver import DESK, Visit, session_cookie

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
TIMEOUT_MS = 30_000
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="package")  # no longer: Playwright keeps an event loop running, and others want one of their own
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium-headless-shell")
    assert executable, "Chromium is missing: ./build.sh --dev installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(mesh: Mesh, chromium: Browser) -> Iterator[Visit]:
    """Opens an address in a browser of its own, `signed_in` with a new account, or that of a token, or as a guest.

    Fails when the page complains in its console.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str = "/", *, size: tuple[int, int] = DESK, theme: str = "dark", language: str = "en-GB",
                  signed_in: bool | str = False, complaints_expected: bool = False, **options: Any) -> Page:
        if size[0] < 600:
            options = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2, **options}
        # What a service worker fetches passes by the routes of a test.
        options = {"service_workers": "block", **options}
        token = mesh.buyer() if signed_in is True else signed_in or None
        context = chromium.new_context(
            base_url=mesh.url, viewport={"width": size[0], "height": size[1]}, locale=language,
            reduced_motion="reduce", storage_state=_storage(mesh, theme, token), **options)
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        if token:
            context.add_cookies([session_cookie(mesh, token)])
        page = context.new_page()
        if not complaints_expected:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda line: _note(line, complaints))
        page.goto(path)
        page.wait_for_selector("main:not([aria-busy]) h1")
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:    # a route still at work would fail in the next test
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    assert complaints == []


def _storage(mesh: Mesh, theme: str, token: str | None) -> Any:
    """What the browser has kept from visits before: the theme, and the user of this token."""
    kept = {"theme": theme}
    if token:
        name = mesh.get("/user/get_profile", token).json()["username"]
        kept["user"] = json.dumps({"username": name, "display_name": None, "roles": []})
    entries = [{"name": key, "value": value} for key, value in kept.items()]
    return {"cookies": [], "origins": [{"origin": mesh.url, "localStorage": entries}]}


def _note(line: Any, complaints: list[str]) -> None:
    # Chromium itself reports every refusal of the API as an error.
    if line.type == "error" and "the server responded with a status of" not in line.text:
        complaints.append(line.text)

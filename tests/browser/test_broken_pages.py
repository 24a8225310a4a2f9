"""Scripts that do not come or fail: no page is blank, each says what is true and how to go on, and somebody hears."""

import json

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import Visit

at_full_size = pytest.mark.full_size("browser/test_broken_pages.py", "web/report_test.js")


def reports(mesh: Mesh) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in mesh.log("gateway").splitlines() if '"page_error"' in line]
    return [{name: line.get(name) for name in ("page", "error", "request_id")} for line in lines]


@pytest.mark.parametrize("broken", ["**/web/app.js", "**/web/language/*.json", "**/web/pages/film.js"])
def test_a_page_whose_scripts_fail_says_so_in_words_offers_a_way_on_and_reports_it(
        visit: Visit, mesh: Mesh, broken: str) -> None:
    page = visit("/", complaints_expected=True)
    before = len(reports(mesh))
    page.route(broken, lambda route: route.fulfill(status=500, body="{}"))
    page.goto("/film/arrival")
    if broken.endswith("film.js"):
        panel = page.locator(".problem")
        expect(panel).to_contain_text("Something went wrong on this page")
        expect(panel).not_to_contain_text("offline")
        expect(panel).to_contain_text("We have been notified, under the number")
    else:
        expect(page.locator("#failure")).to_contain_text("This page could not be loaded")
        expect(page.locator("#failure").get_by_role("link", name="to the programme")).to_be_visible()
    wait_until(lambda: len(reports(mesh)) > before, 20, "the report")
    [report] = reports(mesh)[before:]
    assert report["page"] == "/film"
    if broken.endswith("film.js"):
        assert str(report["request_id"]) in panel.inner_text()
    page.unroute_all()
    (page.get_by_role("button", name="Try again") if broken.endswith("film.js")
     else page.get_by_role("link", name="Load it again")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Arrival")


@at_full_size
def test_one_language_that_fails_is_replaced_by_another(visit: Visit) -> None:
    page = visit("/", language="zh-CN")
    page.route("**/web/language/zh.json", lambda route: route.fulfill(status=500, body="{}"))
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Now showing")


def throw(route: Route) -> None:
    route.fulfill(content_type="text/javascript", body="export const show = () => { throw new TypeError('Ada') };")


@at_full_size
def test_a_thrown_error_is_reported_without_its_message(visit: Visit, mesh: Mesh) -> None:
    page: Page = visit("/", complaints_expected=True)
    page.route("**/web/pages/film.js", throw)
    with page.expect_request("**/page/report_error") as sent:
        page.goto("/film/arrival")
    report = sent.value.post_data_json
    assert (report["page"], report["error"], set(report)) == ("/film", "TypeError", {"page", "error", "frames"})
    assert report["frames"][0].startswith("/web/pages/film.js:1:")
    assert "cookie" not in sent.value.headers
    expect(page.locator(".problem")).to_contain_text("We have been notified")


def test_a_page_without_scripts_says_what_to_do(mesh: Mesh, chromium: Browser) -> None:
    context = chromium.new_context(base_url=mesh.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/screening/x")
    expect(page.get_by_text("Please switch it on")).to_be_in_viewport()
    expect(page.get_by_role("link", name="load this page again")).to_be_visible()
    expect(page.locator("#failure")).to_be_hidden()
    context.close()

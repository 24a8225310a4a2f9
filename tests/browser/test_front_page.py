"""The front page with long words, by the keyboard, and with an address that makes no sense."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.driver import Visit
from tests.browser.inspection import FITS, keep_picture

LONG = ["Götterdämmerung", "Weihnachtsgeschichte", "Donaudampfschifffahrtsgesellschaftskapitänswitwe"]
# Texts that stick out of their posters, or out of their cards.
# What scrolls by itself, as the line about a screening does in a low window, is not cut.
CUT = """() => [...document.querySelectorAll(".poster, .film, .facts, .about, .cinema")].filter((box) => {
  if (getComputedStyle(box).overflowX === "auto") return false;
  const frame = box.getBoundingClientRect();
  return [...box.querySelectorAll("span, h1, h2, h3, p, dd")].some((text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    return !text.closest(".times") && range.getBoundingClientRect().right > frame.right + 1;
  });
}).map((box) => box.textContent)"""
HIDDEN = """() => [...document.querySelectorAll(".times a")].filter((chip) => {
  const line = chip.parentElement.getBoundingClientRect();
  return getComputedStyle(chip).visibility === "visible" && chip.getBoundingClientRect().top > line.bottom;
}).length"""


def with_long_words(page: Page) -> None:
    """Every film has a long title and director from now on, and every cinema a long name."""
    def lengthen(facts: dict[str, object], at: int) -> dict[str, object]:
        word = LONG[at % len(LONG)]
        return {**facts, "title": f"{word} {at}", "original_title": word * 2, "director": f"Ada {word}", "cast": [word]}

    def films(route: Route) -> None:
        told = route.fetch().json()
        route.fulfill(json={**told, "films": [lengthen(film, at) for at, film in enumerate(told["films"])]})

    def one(route: Route) -> None:
        told = route.fetch().json()
        cinemas = [{**each, "cinema": {**each["cinema"], "name": LONG[2]}} for each in told["cinemas"]]
        route.fulfill(json={"film": lengthen(told["film"], 2), "cinemas": cinemas})

    def hall(route: Route) -> None:
        told = route.fetch().json()
        screening = told["screening"]
        route.fulfill(json={**told, "screening": {**screening, "film": {**screening["film"], "title": LONG[2]}}})

    page.route("**/film/get_all_list*", films)
    page.route("**/film/get_info?*", one)
    page.route("**/film/get_hall_info*", hall)


@pytest.mark.full_size("browser/test_devices_and_languages.py")
def test_long_words_neither_widen_a_page_nor_are_cut(visit: Visit) -> None:
    page = visit("/account", size=(360, 640))
    with_long_words(page)
    for path, shown in (("/", ".film:not(.ghost)"), ("/film/arrival", ".screening"), (None, ".hall")):
        if path:
            page.goto(path)
        else:
            page.locator(".screening").first.click()
        page.locator(shown).first.wait_for()
        for size in ((1366, 768), (640, 360), (360, 640)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            keep_picture(page, f"long-words-{shown[1:5]}-{size[0]}")
            assert page.evaluate(FITS), (path, size)
            assert page.evaluate(CUT) == [], (path, size)


def test_no_time_that_is_not_seen_takes_the_focus(visit: Visit) -> None:
    page = visit("/", size=(360, 640))
    for width in (360, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(100)
        assert page.locator(".times a").count() > 40
        assert page.evaluate(HIDDEN) == 0
        assert page.evaluate("[...document.querySelectorAll('.times')].every(line => getComputedStyle(line.firstChild)"
                             ".visibility === 'visible')")


def test_a_director_with_a_typing_error_leads_to_a_film_that_says_how_it_is_played_and_how_to_get_there(
        visit: Visit) -> None:
    page = visit("/", size=(360, 640))
    page.get_by_role("searchbox").fill("wogn kar-wai")
    expect(page.locator(".film:not(.ghost) h2")).to_have_text(["In the Mood for Love"])
    page.locator(".film-link").click()
    expect(page.locator(".facts")).to_contain_text("Cantonese · English subtitles")
    expect(page.locator(".facts")).to_contain_text("Germany: 6")
    expect(page.locator(".synopsis")).to_contain_text("Hong Kong, 1962.")
    assert page.get_by_role("link", name="Trailer").get_attribute("rel") == "noopener noreferrer"
    page.locator(".way summary").first.click()
    expect(page.locator(".directions").first).to_be_visible()
    page.locator(".screening").first.click()
    expect(page.locator(".about")).to_contain_text("Cantonese · English subtitles")
    expect(page.locator(".about .rating")).to_have_text(re.compile("^(6 and over|PG)$"))    # in Berlin, in Shanghai
    expect(page.locator(".about .way")).to_be_hidden()  # a phone has the hall first
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator(".about .way summary").click()
    expect(page.locator(".about .directions")).to_be_visible()
    assert page.evaluate(FITS)


def test_no_address_of_the_front_page_is_a_dead_end(visit: Visit) -> None:
    page = visit("/?date=garbage&part=constructor")
    expect(page.locator(".film:not(.ghost)").first).to_be_visible()
    expect(page.locator(".day[aria-pressed=true]")).to_have_text("Any day")
    page.goto("/?city=Berlin&cinema=Elbufer")
    expect(page.locator(".empty")).to_contain_text("No film matches")
    page.get_by_role("link", name="Without “Berlin”").click()
    expect(page.locator(".film:not(.ghost)").first).to_be_visible()
    assert page.url.endswith("/?cinema=Elbufer")
    page.goto("/?date=1999-12-31")
    expect(page.locator(".day[aria-pressed=true]")).to_have_count(1)
    page.get_by_role("link", name="Show all films").click()
    expect(page.locator(".film:not(.ghost)").first).to_be_visible()

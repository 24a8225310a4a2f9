"""Snacks from the seat map to the counter: the buyer in one browser, the cook in another."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from testbed.mesh import Mesh
from tests.browser.driver import (
    PHONE,
    Visit,
    buy,
    open_account,
    order_of,
    order_page,
    pay,
    pay_at_once,
    pick,
    sign_in_as_staff,
)

at_full_size = pytest.mark.full_size("browser/test_kitchen.py", "integration/kitchen/test_orders_with_snacks.py")


def add_snack(page: Page, sku: str, count: int = 1) -> None:
    """From the menu beside the seats, `count` of them."""
    if not page.locator(".snacks[open]").count():
        page.locator(".snacks summary").click()
    for _ in range(count):
        page.locator(f"[data-sku={sku}]").get_by_role("button", name="more").click()


def amount(page: Page) -> float:
    return float(re.sub(r"[^\d.]", "", str(page.locator(".total").text_content())))


def kitchen_page(visit: Visit, mesh: Mesh) -> Page:
    """The kitchen's page on a tablet, for staff."""
    page = visit("/account", size=(1024, 768))
    sign_in_as_staff(page, mesh)
    page.goto("/kitchen")
    page.get_by_role("heading", name="Ordered").wait_for()
    return page


def test_popcorn_is_bought_with_the_seats_cooked_and_collected(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    buyer = visit(f"/screening/{screening}")
    pick(buyer, "H8")
    before = amount(buyer)
    add_snack(buyer, "popcorn-large", 2)
    expect(buyer.locator("[data-sku=popcorn-large] output")).to_have_text("2")
    assert amount(buyer) > before
    shown = buyer.locator(".total").text_content()
    buyer.get_by_role("button", name="Buy").click()
    buyer.wait_for_url("**/order/*")
    expect(buyer.locator(".sums")).to_contain_text("2 × Large popcorn")
    expect(buyer.locator(".sums")).to_contain_text(str(shown))
    pay(buyer)
    code = str(buyer.locator(".pick-up strong").text_content())
    expect(buyer.locator(".steps [aria-current=step]")).to_have_text("Ordered")

    cook = kitchen_page(visit, mesh)
    card = cook.locator(".card", has_text=code)
    expect(card).to_contain_text("2 × Large popcorn")
    cinema = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]["name"]
    expect(card).to_contain_text(cinema)
    card.get_by_role("button", name="Start").press("Enter")
    expect(buyer.locator(".steps [aria-current=step]")).to_have_text("Being prepared")
    expect(card.get_by_role("button", name="Ready")).to_be_focused()
    cook.get_by_role("button", name=f"Undo: {code}: Being prepared").press("Enter")
    expect(card.get_by_role("button", name="Start")).to_be_focused()
    card.get_by_role("button", name="Start").click()
    card.get_by_role("button", name="Ready").click()
    expect(buyer.locator(".steps [aria-current=step]")).to_have_text("Ready")
    expect(cook.locator(".undo li")).to_have_text([f"{code}: ReadyUndo"])    # only the last step can be taken back
    card.get_by_role("button", name="Hand over").click()
    cook.locator("[name=code]").fill("A000")
    cook.locator(".dialog .primary").click()
    expect(cook.locator(".dialog [role=alert]")).to_contain_text("not the pick-up code")
    cook.wait_for_timeout(2500)    # the board looks again meanwhile
    expect(cook.locator(".dialog [role=alert]")).to_be_visible()
    cook.locator("[name=code]").fill(code.lower())
    cook.locator(".dialog .primary").click()
    expect(card).to_have_count(0)
    expect(cook.locator("#column-ready")).to_be_focused()
    cook.get_by_role("button", name=f"Undo: {code}: Collected").click()
    expect(card.get_by_role("button", name="Hand over")).to_be_visible()
    expect(cook.locator(".dialog")).to_have_count(0)
    card.get_by_role("button", name="Hand over").click()
    cook.locator("[name=code]").fill(code)
    cook.locator(".dialog .primary").click()
    expect(buyer.locator(".steps [aria-current=step]")).to_have_text("Collected")


@pytest.mark.full_size("browser/test_kitchen.py")
def test_new_orders_appear_on_the_kitchen_page_by_themselves_with_a_sound(visit: Visit, mesh: Mesh) -> None:
    cook = kitchen_page(visit, mesh)
    before = cook.locator(".card").count()
    cook.evaluate("""() => {
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (...when) { window.rung = true; start.apply(this, when); };
    }""")
    cook.get_by_role("heading", name="Kitchen").click()    # a browser is silent until somebody presses something
    buyer = order_page(visit, mesh, "H8", snacks=(("cola", 1),))
    code = str(buyer.locator(".pick-up strong").text_content())

    expect(cook.locator(".card", has_text=code)).to_be_visible()
    assert cook.locator(".card").count() > before
    assert cook.evaluate("window.rung") is True
    sound = cook.get_by_role("button", name="Sound")
    sound.click()
    cook.reload()
    expect(sound).to_have_attribute("aria-pressed", "false")


@at_full_size
def test_the_kitchen_page_shows_one_cinema_and_one_state_and_remembers_the_cinema(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    cinema = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]
    buyer = order_page(visit, mesh, "H8", snacks=(("cola", 1),), screening=screening)
    code, order_id = str(buyer.locator(".pick-up strong").text_content()), order_of(buyer)
    cook = kitchen_page(visit, mesh)
    card, cinemas = cook.locator(".card", has_text=code), cook.get_by_label("Cinema")
    expect(cinemas.locator("option")).to_have_count(4)  # also those where nothing waits

    other = next(name for name in cinemas.locator("option").all_text_contents()[1:] if name != cinema["name"])
    cinemas.select_option(other)
    expect(card).to_have_count(0)
    cinemas.select_option(cinema["name"])
    expect(card).to_be_visible()
    cook.get_by_label("Step").select_option("Ready")
    expect(card).to_have_count(0)
    expect(cook.locator(".column")).to_have_count(1)
    cook.reload()
    expect(card).to_be_visible()
    expect(cinemas).to_have_value(cinema["cinema_id"])

    mesh.rows("kitchen", "UPDATE ticket SET ends_at = UTC_TIMESTAMP(3) WHERE order_id = :o", o=order_id)
    expect(card).to_have_count(0)
    cook.get_by_label("Step").select_option("Not prepared")
    expect(card).to_be_visible()
    expect(card.get_by_role("button")).to_have_count(0)
    expect(buyer.get_by_text("the snacks were not collected")).to_be_visible()


@at_full_size
def test_the_kitchen_page_folds_other_days_away_and_has_the_menu_with_its_stock(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    cinema = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]
    buyer = order_page(visit, mesh, "H8", snacks=(("cola", 1),), screening=screening)
    code = str(buyer.locator(".pick-up strong").text_content())
    cook = kitchen_page(visit, mesh)

    def as_of_a_strict_kitchen(route: Route) -> None:
        found = route.fetch().json()
        route.fulfill(json={**found, "tickets": [{**ticket, "begins_at": ticket["needed_at"]}
                                                 for ticket in found["tickets"]]})

    cook.route("**/kitchen/get_queue*", as_of_a_strict_kitchen)
    card = cook.locator(".other-days .card", has_text=code)
    expect(card).to_have_count(1)
    expect(card).to_be_hidden()
    cook.locator(".other-days summary").click()
    expect(card).to_contain_text("Can be started from")
    expect(card.get_by_role("button")).to_have_count(0)

    cook.locator(".kitchen-menu summary").click()
    expect(cook.locator(".stock")).to_contain_text("Choose a cinema")
    cook.get_by_label("Cinema").select_option(cinema["name"])
    cola = cook.locator(".stock [data-sku=cola]")
    cola.get_by_label("Stock").fill("77")
    cola.get_by_role("button", name="Set").click()
    expect(cola.locator(".left")).to_have_text("77 left")
    menu = mesh.get("/kitchen/get_menu", cinema_id=cinema["cinema_id"]).json()["snacks"]
    assert next(snack["left"] for snack in menu if snack["sku"] == "cola") == 77


@at_full_size
def test_a_sold_out_snack_is_marked_on_the_menu_and_refused_to_a_slower_buyer(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    cinema = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]["cinema_id"]
    staff = mesh.staff()
    mesh.post("/kitchen/restock", staff, cinema_id=cinema, sku="popcorn-small", stock=1)
    slow = visit(f"/screening/{screening}")
    add_snack(slow, "popcorn-small")
    expect(slow.locator("[data-sku=popcorn-small]").get_by_role("button", name="more")).to_be_disabled()
    mesh.post("/kitchen/restock", staff, cinema_id=cinema, sku="popcorn-small", stock=0)
    pick(slow, "H8")
    slow.get_by_role("button", name="Buy").click()

    expect(slow.locator(".basket > [role=alert]")).to_contain_text("sold out")
    expect(slow.locator("[data-sku=popcorn-small]")).to_contain_text("Sold out")
    expect(slow.locator(".basket > [role=alert]")).to_be_visible()
    expect(slow.locator(".hall .seat.picked")).to_have_count(1)
    slow.get_by_role("button", name="Buy").click()
    slow.wait_for_url("**/order/*")
    mesh.post("/kitchen/restock", staff, cinema_id=cinema, sku="popcorn-small", stock=100)


@at_full_size
def test_snacks_outlive_a_reload(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8")
    add_snack(page, "cola", 3)
    total = page.locator(".total").text_content()
    page.reload()
    expect(page.locator("[data-sku=cola] output")).to_have_text("3")
    expect(page.locator(".total")).to_have_text(str(total))


@at_full_size
def test_the_first_press_after_a_reload_buys_at_the_price_shown_before_the_menu_is_loaded(
        visit: Visit, mesh: Mesh) -> None:
    page = visit("/", signed_in=True)
    page.goto(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8")
    add_snack(page, "cola", 3)
    total = str(page.locator(".total").text_content())
    page.route("**/kitchen/get_menu*", lambda route: None)  # no answer
    page.reload()
    expect(page.locator(".total")).to_have_text(total)
    page.get_by_role("button", name="Buy").click()
    page.wait_for_url("**/order/*")
    expect(page.locator(".sums")).to_contain_text("3 × ")
    expect(page.locator(".sums dd").last).to_have_text(total)


@at_full_size
def test_seats_are_sold_while_the_kitchen_is_down(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    with mesh.without("kitchen"):
        page = visit(f"/screening/{screening}", signed_in=True)
        page.locator(".snacks summary").click()
        expect(page.locator(".snacks [role=status]")).to_contain_text("down")
        buy(page, "H8")
        pay_at_once(page)


@at_full_size
def test_snacks_are_refunded_with_the_last_seat(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", "H9", snacks=(("cola", 1),), paid=False)
    total = str(page.locator(".sums dd").last.text_content())
    pay_at_once(page)
    page.locator(".pick-up").wait_for()
    page.get_by_role("button", name="Refund").click()
    window = page.get_by_role("dialog")
    expect(window.locator(".picks")).to_contain_text("Popcorn and drinks")
    window.get_by_label("H8").uncheck()
    expect(window.get_by_text("Popcorn and drinks")).to_be_hidden()
    window.get_by_label("H8").check()
    expect(window.locator(".primary")).to_contain_text(total)
    window.locator(".primary").click()
    expect(page.locator(".status")).to_have_text("Refunded")
    expect(page.locator(".sums dd").last).to_have_text(total)


@at_full_size
def test_snacks_that_the_kitchen_has_begun_are_not_paid_back_and_stay_to_be_collected(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", snacks=(("cola", 1),))
    page.locator(".pick-up").wait_for()
    begun = mesh.post("/kitchen/start", mesh.staff(), order_id=order_of(page))
    assert begun.status_code == 200
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Being prepared")
    page.get_by_role("button", name="Refund").click()
    window = page.get_by_role("dialog")
    expect(window.locator(".picks li").last).to_contain_text("€0.00")
    expect(window.locator(".kept")).to_contain_text("The kitchen has begun")
    seat = str(window.locator(".picks .price").first.text_content())
    window.get_by_role("button", name=f"Refund {seat}").click()
    expect(page.locator(".status")).to_have_text("Refunded")
    expect(page.locator(".sums dd").last).to_have_text(seat)
    code = str(page.locator(".ended .pick-up strong").text_content())
    mesh.post("/kitchen/finish", mesh.staff(), order_id=order_of(page))
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Ready")
    mesh.post("/kitchen/hand_over", mesh.staff(), order_id=order_of(page), pick_up_code=code)
    expect(page.locator(".pick-up")).to_have_count(0)


@at_full_size
def test_the_link_to_the_kitchen_is_shown_to_staff_only(visit: Visit, mesh: Mesh) -> None:
    page = visit("/", size=PHONE)
    page.get_by_role("button", name="Sign in").click()
    open_account(page)
    page.locator("header .name").wait_for()
    expect(page.get_by_role("link", name="Kitchen")).to_have_count(0)
    sign_in_as_staff(page, mesh)
    page.reload()
    page.get_by_role("link", name="Kitchen").click()
    page.get_by_role("heading", name="Ordered").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_kitchen_is_for_staff(visit: Visit) -> None:
    page = visit("/kitchen")
    expect(page.locator(".problem")).to_contain_text("Sign in with a staff account")
    page.locator(".problem .primary").click()
    open_account(page)
    expect(page.locator(".problem")).to_contain_text("Your account is not a staff account")


@at_full_size
def test_a_buyer_who_was_shown_an_old_price_buys_at_the_new_one_with_one_more_press(visit: Visit,
                                                                                        mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}", signed_in=True)
    pick(page, "H8")
    add_snack(page, "popcorn-large", 2)
    before = amount(page)
    dearer = "UPDATE snack SET price = price + :more WHERE sku = 'popcorn-large'"
    mesh.rows("kitchen", dearer, more=50)
    try:
        page.get_by_role("button", name="Buy").click()
        alert = page.locator(".basket [role=alert]")
        expect(alert).to_contain_text(f"it is €{before + 1:.2f} now")
        assert amount(page) == before + 1
        page.get_by_role("button", name="Buy").click()
        page.wait_for_url("**/order/*")
    finally:
        mesh.rows("kitchen", dearer, more=-50)
    [order] = mesh.rows("order", "SELECT total FROM orders WHERE screening_id = :s", s=screening)
    assert order.total == round((before + 1) * 100)

"""What a buyer meets between the film and the payment: seats that fit, a cinema that stays, second thoughts."""

from playwright.sync_api import Route, expect

from testbed.mesh import Mesh
from tests.browser.driver import PHONE, Visit, order_of, order_page, pick


def test_the_best_seats_say_what_they_are_and_cost_and_the_list_finds_the_next_free_seat(
    visit: Visit, mesh: Mesh,
) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    page.get_by_label("What matters most").select_option("aisle")
    page.get_by_role("button", name="Best seats").click()
    expect(page.locator(".advice")).to_contain_text("on the aisle")
    expect(page.locator(".advice")).to_contain_text("2 × ")
    expect(page.locator(".advice")).to_contain_text("€")
    page.get_by_label("What matters most").select_option("price")
    page.get_by_role("button", name="Best seats").click()
    expect(page.locator(".advice")).to_contain_text("at the lowest price")
    page.get_by_label("Couple seats").check()
    page.get_by_role("button", name="Best seats").click()
    expect(page.locator(".hall .seat.couple.picked")).to_have_count(2)

    page.get_by_role("button", name="List").click()
    page.get_by_label("Kind of seat").select_option("couple")
    expect(page.locator(".seat-list li:visible").first).to_contain_text("Couple seat")
    shown = page.locator(".seat-list li:visible").count()
    assert 0 < shown < page.locator(".seat-list li").count()
    page.get_by_role("button", name="Next free seat").click()
    first = page.locator("input[name=seat]:focus").get_attribute("value")
    page.get_by_role("button", name="Next free seat").click()
    assert page.locator("input[name=seat]:focus").get_attribute("value") != first


def test_the_advice_waits_until_a_buyer_has_finished_picking_and_covers_no_seat(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}", size=PHONE)
    page.clock.install()
    pick(page, "H8", "H10")
    expect(page.locator(".advice")).to_be_empty()
    page.clock.fast_forward(3000)
    expect(page.locator(".advice")).to_contain_text("leaves H9 alone")
    page.locator(".stage").evaluate("stage => stage.scrollIntoView({ block: 'end' })")
    stage, side = page.locator(".stage").bounding_box(), page.locator(".side").bounding_box()
    assert stage
    assert side
    assert stage["y"] + stage["height"] <= side["y"] + 1


def test_the_chosen_cinema_stays_through_film_and_back(visit: Visit) -> None:
    page = visit()
    choice = page.get_by_role("combobox", name="All cinemas")
    name = choice.locator("option").nth(1).get_attribute("value") or ""
    choice.select_option(name)
    page.wait_for_url("**cinema=*")
    page.locator(".film:not(.ghost) a.film-link").first.click()
    expect(page.locator(".programme .cinema:visible h3")).to_contain_text([name])
    page.locator("a.logo").click()
    expect(choice).to_have_value(name)


def test_two_equal_times_name_their_cinema(visit: Visit) -> None:
    def at_two_cinemas(route: Route) -> None:
        told = route.fetch().json()
        one = told["screenings"][0]
        other = {**one, "screening_id": "other", "cinema": {**one["cinema"], "name": "The Other"}}
        route.fulfill(json={**told, "screenings": [one, other], "total": 2})

    page = visit("/account")
    page.route("**/film/get_info_list?*", at_two_cinemas)
    page.goto("/")
    expect(page.locator(".chip .where")).to_have_count(2)
    expect(page.locator(".chip .where").last).to_have_text("The Other")


def test_two_minutes_before_the_end_a_buyer_hears_of_it_and_has_more_time_once(visit: Visit, mesh: Mesh) -> None:
    def nearly_over(route: Route) -> None:
        told = route.fetch().json()
        if told["extendable"]:
            told["expires_at"], told["server_time"] = "2027-01-01T00:01:50Z", "2027-01-01T00:00:00Z"
        route.fulfill(json=told)

    page = order_page(visit, mesh, "H8", "H9", paid=False)
    order = order_of(page)
    before = mesh.rows("order", "SELECT expires_at FROM orders WHERE order_id = :o", o=order)[0].expires_at
    page.route("**/order/get_info?*", nearly_over)
    page.reload()
    expect(page.locator("#announcement")).to_contain_text("Less than two minutes are left to pay")
    page.get_by_role("button", name="I need more time").click()
    expect(page.get_by_role("button", name="I need more time")).to_have_count(0)
    after = mesh.rows("order", "SELECT expires_at FROM orders WHERE order_id = :o", o=order)[0].expires_at
    assert (after - before).total_seconds() == 300


def test_cancelling_is_asked_once_more_and_can_be_taken_back(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", "H9", paid=False)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/order/cancel") else None)
    page.clock.install()
    page.get_by_role("button", name="Cancel order").click()
    page.get_by_role("button", name="Keep the seats").click()
    page.get_by_role("button", name="Cancel order").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    page.get_by_role("button", name="Undo").click()
    page.clock.fast_forward(10_000)
    expect(page.get_by_role("button", name="Cancel order")).to_be_visible()
    assert sent == []
    page.get_by_role("button", name="Cancel order").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    page.clock.fast_forward(10_000)
    expect(page.locator(".status")).to_have_text("Cancelled")
    assert len(sent) == 1

"""An order with tickets is shown without a network once it was seen, and is gone from the device with its owner."""

from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from testbed.mesh import Mesh
from tests.browser.driver import Visit, buy, open_account, order_of, order_page, pay, session_cookie
from tests.drivers import orders

at_full_size = pytest.mark.full_size("browser/test_offline_tickets.py", "web/offline_test.js", "web/session_test.js")

KEPT = """async () => {
  const names = await caches.keys();
  const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return requests.flat().map(({ url }) => url.slice(location.origin.length));
}"""
NOTHING_KEPT = "async () => (await caches.keys()).length === 0"
IS_KEPT = """async (order) => Boolean(await caches.match(`/order/get_info?order_id=${order}`)) &&
  (await navigator.serviceWorker.ready).active.state === "activated" """


def kept_page(visit: Visit, mesh: Mesh, *seats: str) -> Page:
    """The page of a paid order, kept on the device."""
    page = order_page(visit, mesh, *seats, service_workers="allow", complaints_expected=True)
    wait_until_kept(page)
    return page


def wait_until_kept(page: Page) -> None:
    wait_for(page, IS_KEPT, order_of(page))


def wait_for(page: Page, condition: str, about: str = "") -> None:
    """Playwright's own function of that kind needs `eval`, which the pages forbid."""
    for _ in range(100):
        if page.evaluate(condition, about):
            return
        page.wait_for_timeout(100)
    raise AssertionError(condition)


def kept(page: Page) -> list[str]:
    return list(page.evaluate(KEPT))


def is_shown_offline(page: Page, path: str) -> bool:
    page.context.set_offline(True)
    try:
        page.goto(path)
        page.locator(".ticket .qr").first.wait_for()
    except Error as problem:
        if "net::ERR_" not in str(problem):    # ERR_FAILED, where the service worker has nothing either
            raise
        return False
    finally:
        page.context.set_offline(False)
    return True


def test_an_order_once_seen_is_shown_offline_and_nothing_else_is(visit: Visit, mesh: Mesh) -> None:
    page = kept_page(visit, mesh, "H5", "H6")
    order, seen = order_of(page), page.locator(".ticket .qr").evaluate_all("all => all.map(each => each.src)")
    address = page.locator(".directions").text_content()
    for path in ("/", "/film/arrival", "/account"):
        page.goto(path)
        page.locator("main:not([aria-busy]) h1").wait_for()
    page.goto(f"/order/{order}")
    page.locator(".ticket .qr").first.wait_for()
    expect(page.locator("[role=status].note")).to_have_count(0)

    page.context.set_offline(True)
    page.reload()

    expect(page.locator(".ticket .qr")).to_have_count(2)
    assert page.locator(".ticket .qr").evaluate_all("all => all.map(each => each.src)") == seen
    expect(page.locator(".directions")).to_have_text(address)
    expect(page.locator("[role=status].note")).to_contain_text("Kept on this device")
    page.locator("a.logo").click()
    expect(page.locator("main")).to_contain_text("You are offline")
    for path in ("/", "/account", "/order/another-one"):
        assert not is_shown_offline(page, path)
    page.goto(f"/order/{order}")
    expect(page.locator(".ticket .qr")).to_have_count(2)
    expect(page.locator("[role=status].note")).to_have_count(0)    # the network is back
    assert {path.partition("?")[0] for path in kept(page) if not path.startswith("/web/")} == {
        f"/order/{order}", "/order/get_info", "/order/get_ticket_images", "/film/get_screening"}


@at_full_size
def test_what_is_kept_goes_with_signing_out_and_with_the_last_ticket(visit: Visit, mesh: Mesh) -> None:
    page = kept_page(visit, mesh, "H5")
    path = f"/order/{order_of(page)}"
    page.goto("/account")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").first.wait_for()
    wait_for(page, NOTHING_KEPT)
    assert not is_shown_offline(page, path)

    token = mesh.buyer()
    order = orders.buy(mesh, token, mesh.fresh_screening(), ["H7"])
    orders.pay(mesh, token, order)
    be(page, mesh, token)
    page.goto(f"/order/{order['order_id']}")
    wait_until_kept(page)
    mesh.post("/order/refund", token, order_id=order["order_id"])
    page.reload()
    page.locator(".ended").wait_for()
    wait_for(page, "async () => (await caches.match('/order/get_info', { ignoreSearch: true })) === undefined")


def be(page: Page, mesh: Mesh, token: str) -> Any:
    """Another tab of this browser has signed in to the account of this token."""
    page.context.add_cookies([session_cookie(mesh, token)])
    name = mesh.get("/user/get_profile", token).json()["username"]
    tab = page.context.new_page()
    tab.goto("/docs")
    tab.evaluate("name => localStorage.setItem('user', JSON.stringify({ username: name, roles: [] }))", name)
    tab.close()


@at_full_size
@pytest.mark.parametrize("who", ["another account", "a guest who signs in"])
def test_the_next_account_finds_nothing_of_the_one_before(visit: Visit, mesh: Mesh, who: str) -> None:
    if who == "another account":
        page = kept_page(visit, mesh, "H5")
        path = f"/order/{order_of(page)}"
        be(page, mesh, mesh.buyer())
        wait_for(page, NOTHING_KEPT)
        assert not is_shown_offline(page, path)
        return
    page = visit(f"/screening/{mesh.fresh_screening()}", service_workers="allow", complaints_expected=True)
    buy(page, "H5")
    page.locator("[name=guest_email]").fill("grace@cinema.example")
    pay(page)
    wait_until_kept(page)
    assert is_shown_offline(page, f"/order/{order_of(page)}")
    page.reload()
    page.get_by_role("button", name="Keep in an account").click()
    open_account(page)
    wait_for(page, """async (path) => (await caches.match(path))?.headers.get("X-Session-User")""",
             f"/order/get_info?order_id={order_of(page)}")    # kept anew, as the account's
    assert is_shown_offline(page, f"/order/{order_of(page)}")

"""What people do with the pages: sign in, pick seats, buy, pay. Every browser test acts through these."""

import secrets
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from testbed.mesh import Mesh
from tests.drivers import orders

Visit = Callable[..., Page]
DESK, PHONE = (1440, 900), (390, 844)
PASSWORD = "correct horse"


# --- accounts ---


def open_account(page: Page, email: str = "") -> None:
    """In the sign-in window that is open: a new account, which is then signed in."""
    page.locator(".dialog .link").click()
    page.locator("[name=username]").fill("guest" + secrets.token_hex(5))
    page.locator("[name=password]").fill(PASSWORD)
    if email:
        page.locator(".dialog [name=email]").fill(email)
    page.locator(".dialog .primary").click()


def sign_in_again(page: Page, name: str) -> None:
    """In the sign-in window that is open: the account of that name."""
    page.locator("dialog [name=username]").fill(name)
    page.locator("dialog [name=password]").fill(PASSWORD)
    page.locator(".dialog .primary").click()


def sign_in(page: Page) -> None:
    """By the button in the header, with a new account."""
    page.get_by_role("button", name="Sign in").first.click()
    open_account(page)
    expect(page.locator("dialog")).to_have_count(0)


def sign_out(page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="Sign out").click()


def sign_in_as_staff(page: Page, mesh: Mesh) -> None:
    """As if they had signed in before: the cookie, and the user that the page remembers."""
    page.context.clear_cookies()
    token = mesh.staff()
    name = mesh.get("/user/get_profile", token).json()["username"]
    page.context.add_cookies([session_cookie(mesh, token)])
    page.evaluate("name => localStorage.setItem('user', JSON.stringify({username: name, roles: ['manager']}))", name)


def session_cookie(mesh: Mesh, token: str) -> Any:
    return {"name": "marquee", "value": token, "url": mesh.url, "httpOnly": True, "sameSite": "Strict"}


def mark_as_test(page: Page) -> None:
    """From now on documents come as the gateway of a demonstration sends them."""
    def mark(route: Route) -> None:
        if route.request.resource_type != "document":
            return route.fallback()
        answer = route.fetch()
        return route.fulfill(response=answer, body=answer.text().replace("<html ", "<html data-test "))

    page.route("**/*", mark)


# --- seats and orders ---


def pick(page: Page, *seats: str) -> None:
    for seat in seats:
        page.locator(f"[data-seat={seat}]").click()


def state(page: Page, seat: str) -> str | None:
    return page.locator(f"[data-seat={seat}]").get_attribute("data-state")


def buy(page: Page, *seats: str) -> None:
    """From the seat map to an order that waits for its money; whoever is not signed in buys as a guest."""
    pick(page, *seats)
    page.get_by_role("button", name="Buy").click()
    page.wait_for_url("**/order/*")


def order_page(visit: Visit, mesh: Mesh, *seats: str, snacks: tuple[tuple[str, int], ...] = (), paid: bool = True,
               screening: str = "", **options: Any) -> Page:
    """The page of an order that was bought, and `paid`, as programs do: for tests whose subject comes after that."""
    token = mesh.buyer()
    order = orders.buy(mesh, token, screening or mesh.fresh_screening(), list(seats), *snacks)
    if paid:
        orders.pay(mesh, token, order)
    page = visit(f"/order/{order['order_id']}", signed_in=token, **options)
    page.locator(".ticket" if paid else ".pay").first.wait_for()
    return page


def cancel(page: Page) -> None:
    """Cancel the order of the page; leaving the page sends what could be taken back for some seconds."""
    page.get_by_role("button", name="Cancel order").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    page.get_by_role("button", name="Undo").wait_for()
    page.reload()


def order_of(page: Page) -> str:
    """The id of the order that the page shows."""
    return page.url.rpartition("/")[2]


# --- paying ---


def go_to_pay(page: Page) -> None:
    """To the sandbox's payment page."""
    page.locator(".pay .primary").click()
    page.wait_for_url("**/payment/sandbox/*")


def choose(page: Page, choice: str) -> None:
    """Press a button of the payment page, which leads back to the order or to a field for a code."""
    with page.expect_navigation():
        page.locator(f"button[value={choice}]").click()
    page.locator("[name=code], main:not([aria-busy]) .order").wait_for()


def pay(page: Page) -> None:
    """To the payment page and back, to the tickets."""
    go_to_pay(page)
    choose(page, "pay")
    page.locator(".ticket").first.wait_for()


def pay_at_once(page: Page) -> None:
    """Pay as programs do, through the API: for tests whose subject is something else."""
    page.evaluate("""() => fetch("/order/pay", {
      method: "POST", headers: { "Content-Type": "application/json", "X-Session": "cookie" },
      body: JSON.stringify({ order_id: location.pathname.split("/").at(-1), method: "sandbox" }),
    })""")
    page.reload()
    page.locator(".ticket").first.wait_for()

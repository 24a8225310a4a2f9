"""A receipt: from the paid order and from the account, made out to an address, and printed."""

import re

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh
from tests.browser.driver import Visit, order_of, order_page, pay_at_once
from tests.browser.inspection import inspect

pytestmark = pytest.mark.full_size("integration/order/test_receipts.py", "web/receipt_test.js")

POST = """([path, fields]) => fetch(path, {
  method: "POST", headers: { "Content-Type": "application/json", "X-Session": "cookie" }, body: JSON.stringify(fields),
}).then((answer) => answer.json())"""
HOME = {"name": "Ada Lovelace", "street": "12 rue de la Paix\nEscalier B", "city": "Paris", "country": "FR"}


# Words of an item that are broken: a word that fits has one box.
BROKEN_WORDS = """() => [...document.querySelectorAll(".paper tbody th")].flatMap((item) => {
  const text = item.firstChild, range = document.createRange();
  return [...text.data.matchAll(/\\S+/g)].filter(({ 0: word, index }) => {
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return range.getClientRects().length > 1;
  }).map(String);
})"""


def post(page: Page, path: str, **fields: object) -> None:
    page.evaluate(POST, [path, fields])


def test_a_receipt_is_made_out_to_an_address_and_printed(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "F7", "F8", paid=False)
    order_id = order_of(page)
    page.goto(f"/receipt/{order_id}")
    expect(page.locator(".problem")).to_contain_text("never paid")
    page.go_back()
    expect(page.locator("a[href^='/receipt/']")).to_have_count(0)
    pay_at_once(page)
    for street in ("12 rue de la Paix\nEscalier B", "Quay 7"):
        post(page, "/user/save_address", **{**HOME, "street": street})
    post(page, "/order/refund", order_id=order_id, seats=["F8"], to="wallet")

    page.reload()
    page.get_by_role("link", name="Receipt").click()
    paper = page.locator(".paper")
    expect(paper.locator("address")).to_contain_text("Escalier B")
    expect(paper.locator("tbody tr")).to_have_count(2)
    expect(paper.locator("tfoot tr")).to_have_text([re.compile("^Total"), re.compile("^Refunded for seats, into the "),
                                                    re.compile("^Remaining")])
    page.get_by_label("Made out to").select_option(label="Ada Lovelace, Quay 7, Paris")
    expect(paper.locator("address")).to_contain_text("Quay 7")
    page.reload()
    expect(paper.locator("address")).to_contain_text("Quay 7")
    found = inspect(page, "receipt", sizes=("phone",))
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate(BROKEN_WORDS) == []

    page.emulate_media(media="print")
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_label("Made out to")).to_be_hidden()
    expect(paper).to_contain_text("Quay 7")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 1
    page.emulate_media(media="screen")

    page.goto("/account")
    page.get_by_text("Show receipts").click()
    page.locator(".address-list li").nth(1).wait_for()
    found += inspect(page, "account-receipts", sizes=("phone",))
    page.locator(".receipts li a").click()
    expect(paper).to_contain_text(order_id[:8].upper())
    assert found == []

    page.route("**/user/get_addresses", lambda route: route.fulfill(status=503, json={"code": "room_unavailable"}))
    page.route("**/order/get_receipt*", lambda route: route.fulfill(json={
        **route.fetch().json(), "buyer": None, "method": None, "unavailable": ["buyer", "method"]}))
    page.reload()
    expect(paper).to_contain_text("Name and address can't be shown")
    expect(paper.locator(".particulars")).to_contain_text("how can't be shown")

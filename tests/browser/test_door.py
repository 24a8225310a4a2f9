"""An usher at a door: with the camera and without one, with a network and without one."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Route, expect

from testbed.mesh import Mesh
from tests.browser.driver import PHONE, Visit
from tests.drivers.orders import buy, pay

# A phone whose camera sees the code in `window.before`.
CAMERA = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return window.before ? [{ rawValue: window.before }] : []; }
};
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").fillRect(0, 0, 4, 4);
  return canvas.captureStream();
};
"""


@dataclass
class Hall:
    """A screening that begins in half an hour, with the codes of some tickets."""

    buyer: str     # a token
    order_id: str
    screening: str
    codes: list[str]


@pytest.fixture
def hall(mesh: Mesh) -> Hall:
    ada, screening = mesh.buyer(), mesh.fresh_screening()
    order = buy(mesh, ada, screening, ["C4", "C5", "C6"])
    pay(mesh, ada, order)
    mesh.rows("order", "UPDATE orders SET starts_at = UTC_TIMESTAMP() + INTERVAL 30 MINUTE, "
                       "ends_at = UTC_TIMESTAMP() + INTERVAL 3 HOUR WHERE order_id = :o", o=order["order_id"])
    rows = mesh.rows("order", "SELECT code FROM ticket WHERE order_id = :o ORDER BY seat_id", o=order["order_id"])
    return Hall(ada, order["order_id"], screening, [row.code for row in rows])


def enter(page: Page, code: str) -> None:
    page.locator("[name=code]").fill(code)
    page.get_by_role("button", name="Check").click()


def shows(page: Page, kind: str, *words: str) -> None:
    result = page.locator(f".result.{kind}:not(.asking)")
    for word in words:
        expect(result).to_contain_text(word)


def test_an_usher_types_codes_and_goes_on_without_a_network(visit: Visit, mesh: Mesh, hall: Hall) -> None:
    usher = mesh.staff()
    page = visit("/door", signed_in=usher, size=PHONE, complaints_expected=True)    # of the network
    with page.expect_request("**/get_attendance?cinema_id=*"), page.expect_request("**/get_door_list?cinema_id=*"):
        page.get_by_label("Screening").select_option(hall.screening)
    expect(page.locator(".counts strong")).to_have_text("0 of 3 in")
    expect(page.locator(".door")).to_contain_text("can't read codes with the camera")
    enter(page, hall.codes[0])
    shows(page, "go", "Come in", "C4")
    enter(page, hall.codes[0])
    shows(page, "stop", "Already used", "A guest went in with it at")
    page.get_by_role("button", name="Undo the first admission").click()
    expect(page.get_by_role("dialog")).to_contain_text("that guest counts as not in")
    page.get_by_role("button", name="Leave it").click()
    page.get_by_role("button", name="Seen").click()
    expect(page.locator(".result")).to_be_hidden()
    expect(page.locator(".earlier li").first).to_have_text("C4 Already used")
    expect(page.locator("[name=code]")).to_be_focused()
    expect(page.locator(".counts strong")).to_have_text("1 of 3 in")
    enter(page, hall.codes[0])
    page.get_by_role("button", name="Undo the first admission").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo the first admission").click()
    expect(page.locator(".result")).to_be_hidden()
    enter(page, hall.codes[0])
    shows(page, "go", "C4")
    expect(page.locator(".counts strong")).to_have_text("1 of 3 in")
    enter(page, "K472")
    shows(page, "stop", "Not a ticket of ours")

    page.locator(".about-door summary").click()
    expect(page.locator(".about-door")).to_contain_text("tickets are checked by the list of")
    page.context.set_offline(True)
    enter(page, hall.codes[1])
    shows(page, "go", "Come in", "C5", "Decided by this phone")
    enter(page, hall.codes[1])
    shows(page, "stop", "Already used", "at this door")
    enter(page, hall.codes[0])
    shows(page, "stop", "Already used")
    enter(page, hall.codes[1].replace("~C5", "~C7"))
    shows(page, "stop", "Not a ticket of ours")
    enter(page, hall.codes[2])
    shows(page, "go", "C6")
    expect(page.get_by_role("status").filter(has_text="2 scans wait")).to_be_visible()

    other = mesh.post("/order/admit", mesh.staff(), code=hall.codes[1], nonce="another-door", door="Balcony")
    assert other.json()["result"] == "admitted"
    page.context.set_offline(False)
    conflicts = page.get_by_label("Let in here, but")
    expect(conflicts).to_contain_text("C5")
    expect(conflicts).to_contain_text("Already used Balcony")
    expect(page.get_by_text("wait to be sent")).to_be_hidden()
    expect(page.locator(".counts strong")).to_have_text("3 of 3 in")
    conflicts.get_by_role("button", name="Seen").click()
    expect(conflicts).to_be_hidden()

    page = visit(f"/order/{hall.order_id}", signed_in=hall.buyer, size=PHONE)
    expect(page.locator(".ticket", has_text="Used at")).to_have_count(3)
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_role("alert").filter(has_text="have been used, so they can't be refunded")).to_be_visible()


@pytest.mark.full_size("browser/test_door.py", "web/door_test.js")
def test_a_ticket_before_the_camera_is_scanned_once(visit: Visit, mesh: Mesh, hall: Hall) -> None:
    page = visit("/account", signed_in=mesh.staff(), size=PHONE, complaints_expected=True)    # of the 429
    page.add_init_script(CAMERA)
    page.route("**/order/get_attendance", lambda route: route.fulfill(status=429, json={"code": "too_many_requests"}),
               times=1)
    page.goto("/door")
    page.get_by_role("button", name="Scan with the camera").click()
    page.evaluate("code => { window.before = code; }", hall.codes[0])
    shows(page, "go", "Come in", "C4")
    page.wait_for_timeout(600)    # it stays there
    shows(page, "go", "Come in", "C4")
    page.evaluate("code => { window.before = code; }", hall.codes[1])
    shows(page, "go", "C5")

    late: list[Route] = []    # the answer to the next guest, while another one comes
    page.route("**/order/admit", lambda route: route.fallback() if late else late.append(route))
    page.evaluate("code => { window.before = code; }", hall.codes[2])
    expect(page.locator(".result.asking")).to_contain_text("C6")
    page.evaluate("code => { window.before = code; }", hall.codes[0])
    shows(page, "stop", "Already used", "C4")
    expect(page.locator(".earlier li").first).to_have_text("C6 Checking…")
    late[0].continue_()
    expect(page.locator(".earlier li").first).to_have_text("C6 Come in")
    shows(page, "stop", "Already used", "C4")
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.locator("video")).to_be_hidden()


def test_only_ushers_stand_at_the_door(visit: Visit) -> None:
    assert visit("/door", size=PHONE).get_by_text("Sign in with the account of an usher").is_visible()
    assert visit("/door", signed_in=True, size=PHONE).get_by_text("Your account is not an usher's").is_visible()

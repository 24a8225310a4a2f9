"""Ticket codes as pictures."""

from types import SimpleNamespace
from xml.etree import ElementTree

from services.order.tickets.images import QUIET_ZONE, qr_code, ticket_images

CODE = "M1.abcdefgh.01a1fd94188c731599426506d887675e~kanal-1-20261122-2000~F7." + "A" * 86


def test_only_valid_tickets_have_a_picture() -> None:
    tickets = [SimpleNamespace(ticket_id=seat, seat_id=seat, code=CODE, status=status)
               for seat, status in (("F7", "valid"), ("F8", "void"), ("F9", "valid"))]
    assert [image["seat_id"] for image in ticket_images(tickets)] == ["F7", "F9"]


def test_a_picture_is_black_on_white_with_a_quiet_zone() -> None:
    svg = ElementTree.fromstring(qr_code(CODE))
    _, _, width, height = map(int, svg.attrib["viewBox"].split())
    ground, modules = svg
    assert width == height
    assert (ground.attrib["fill"], modules.attrib["stroke"]) == ("#fff", "#000")
    assert ground.attrib["d"] == f"M0 0h{width}v{height}h-{width}z"
    assert modules.attrib["d"].startswith(f"M{QUIET_ZONE} {QUIET_ZONE}.5h7")


def test_the_picture_of_a_demonstration_says_test_outside_the_quiet_zone() -> None:
    ticket = SimpleNamespace(ticket_id="1", seat_id="F7", code=CODE, status="valid")
    [image] = ticket_images([ticket], test=True)
    svg = ElementTree.fromstring(image["svg"])
    _, modules, word = svg
    edge, height = 2 * QUIET_ZONE, int(svg.attrib["viewBox"].split()[3])
    assert modules.attrib["d"].startswith(f"M{edge} {edge}.5h7")
    assert word.text == "TEST"
    assert float(word.attrib["y"]) - float(word.attrib["font-size"]) >= height - QUIET_ZONE


def test_the_longest_code_fits_into_a_picture() -> None:
    assert "<path" in qr_code("x" * 255)

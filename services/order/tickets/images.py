"""Ticket codes as pictures that the scanner at the door can read."""

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import segno

QUIET_ZONE = 4          # modules: ISO 18004 asks for so many
ERROR_CORRECTION = "m"  # reads with 15 % of it creased or smeared; more would only make its modules smaller
TEST_LINE = 4           # modules: outside the quiet zone, so that scanners read these tickets, too
TEST_LOOK = 'font-size="3.5" font-family="sans-serif" font-weight="bold" text-anchor="middle" fill="#c00"'


def ticket_images(tickets: Sequence[Any], test: bool = False) -> list[dict[str, str]]:
    """A picture of each valid ticket, in the fields of schemas.order.tickets.TicketImage.

    Each takes some 10 ms when it is new, so run this in a thread. `test`: for a demonstration, with the word TEST.
    """
    return [{"ticket_id": ticket.ticket_id, "seat_id": ticket.seat_id, "svg": qr_code(ticket.code, test)}
            for ticket in tickets if ticket.status == "valid"]


@lru_cache(maxsize=1000)  # some 5 KB each; a page that shows the next tickets asks for the same ones again and again
def qr_code(code: str, test: bool = False) -> str:
    """A QR code as an SVG document without a size of its own; `test`: with the word TEST below."""
    picture, qr = io.BytesIO(), segno.make_qr(code, error=ERROR_CORRECTION, boost_error=False)
    border = QUIET_ZONE + (TEST_LINE if test else 0)
    qr.save(picture, kind="svg", border=border, light="#fff", omitsize=True,
            xmldecl=False, svgclass=None, lineclass=None)
    svg = picture.getvalue().decode()
    word = f'<text x="50%" y="{qr.symbol_size(border=border)[1] - 0.5}" {TEST_LOOK}>TEST</text></svg>'
    return svg.replace("</svg>", word) if test else svg

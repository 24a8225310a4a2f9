"""The tickets in an e-mail: pictures of their codes, and a calendar file."""

import io
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from typing import Any

import segno

SCALE = 5                              # pixels of a module
QUIET_ZONE, ERROR_CORRECTION = 4, "m"  # as on the pages


@dataclass(frozen=True)
class MailedTicket:
    """A ticket: its label and code, and where the HTML finds its picture (RFC 2392)."""

    label: str
    code: str
    content_id: str
    seat_id: str


def attach(email: EmailMessage, tickets: list[MailedTicket], calendar: str | None) -> None:
    """Add the pictures to the HTML of the e-mail, and the calendar file (RFC 5545) to the whole."""
    page = email.get_body(("html",))
    assert isinstance(page, MIMEPart)
    for ticket in tickets:
        page.add_related(qr_code(ticket.code), "image", "png", cid=f"<{ticket.content_id}>", disposition="inline",
                         filename=f"{ticket.seat_id}.png")
    if calendar:
        email.add_attachment(calendar.encode(), "text", "calendar", filename="marquee.ics",
                             params={"charset": "utf-8"})


def qr_code(code: str) -> bytes:
    """The code as a picture in PNG, which all mail programs show; some 10 ms of work."""
    picture = io.BytesIO()
    segno.make_qr(code, error=ERROR_CORRECTION, boost_error=False).save(picture, kind="png", scale=SCALE,
                                                                        border=QUIET_ZONE)
    return picture.getvalue()


def mailed(found: dict[str, Any], label: Any, domain: str) -> list[MailedTicket]:
    """The tickets of a schemas.order.tickets.TicketsToMailReply. `label(seat)`: what is written beside one."""
    return [MailedTicket(label(ticket["seat_id"]), ticket["code"], f"{ticket['ticket_id']}@{domain}", ticket["seat_id"])
            for ticket in found["tickets"]]

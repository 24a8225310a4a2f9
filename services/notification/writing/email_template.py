"""A message as an e-mail: plain text, and the same in HTML."""

from dataclasses import dataclass
from email.headerregistry import Address, Group
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Any

import orjson

from schemas import addresses
from schemas.base import lenient
from schemas.names import is_plain
from schemas.order import OrderEvent
from services.foundation.settings import SettingsError, public_url, says_test
from services.notification import rules
from services.notification.delivery.errors import Undeliverable
from services.notification.writing.translations import Words

FACTS = lenient(OrderEvent)
# Mail programs take styles in the markup and nowhere else. The colours suit light and dark.
NOBODY = Group("undisclosed-recipients", ())  # RFC 5322, appendix A.1.3
PAGE = """\
<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem">
{test}<p>{greeting}</p>
<p>{text}</p>
<table style="border-collapse: collapse; width: 100%">
{rows}
</table>
<p style="margin: 2rem 0"><a href="{link}" style="background: #8c1d40; color: #fff; padding: .7rem 1.4rem; \
border-radius: .4rem; text-decoration: none">{link_text}</a></p>
<p style="font-size: 13px; opacity: .7">{foot}</p>
</body>
</html>
"""
ROW = ('<tr><th style="text-align: left; vertical-align: top; font-weight: 400; opacity: .7; white-space: nowrap; '
       'padding: .2rem 1.5rem .2rem 0">{label}</th><td style="padding: .2rem 0">{value}</td></tr>')
TEST = '<p style="padding: .6rem 1rem; border: 2px dashed #c00; font-weight: 700">{text}</p>\n'


@dataclass(frozen=True)
class Letterhead:
    """What all messages of this house share."""

    words: Words
    sender: Address
    public_url: str  # where the pages are, such as https://cinema.example
    test: bool       # a demonstration's messages say so

    @classmethod
    def of(cls, settings: Any) -> "Letterhead":
        """Raises SettingsError with what is missing."""
        if not settings["public_url"] and settings["environment"] != "local":
            raise SettingsError("MARQUEE_ENVIRONMENT is not `local`, but MARQUEE_PUBLIC_URL does not say where "
                                "buyers find the pages, such as https://cinema.example.")
        name, mailbox = parseaddr(settings["notification"]["sender"])
        try:
            sender = Address(name, addr_spec=mailbox)
        except ValueError:
            sender = Address()
        if not (sender.username and sender.domain):
            raise SettingsError("MARQUEE_MAIL_FROM is not an address such as Marquee <tickets@cinema.example>.")
        return cls(Words(settings["language"]), sender, public_url(settings), says_test(settings))


def write(message: Any, contact: dict[str, Any], head: Letterhead) -> EmailMessage:
    """The e-mail for a row of `message`, to a schemas.user.Contact; to nobody by name when it has no address.

    Raises Undeliverable for an address that is none.
    The same message is written with the same Message-ID whenever it is written.
    """
    facts, words = FACTS.load(orjson.loads(message.facts)), head.words
    show = facts["screening"]
    title, moment = one_line(show["film_title"]), words.moment(show["starts_at"])
    subject = words.say(f"{message.kind}.subject", film=title, moment=moment)
    parts = {
        "greeting": greeting(words, contact["display_name"]), "text": words.say(sentence(message.kind, facts)),
        "link": f"{head.public_url}/order/{message.order_id}", "link_text": words.say("link"),
        "foot": words.say("foot"),
    }
    rows = [(words.say(f"label.{name}"), value) for name, value in (
        ("film", title),
        ("cinema", words.say("place", cinema=one_line(show["cinema_name"]), hall=one_line(show["hall_name"]))),
        ("time", moment),
        *particulars(words, message.kind, facts),
        ("order", message.order_id))]

    return compose(message, recipient(contact["email"]) if contact["email"] else NOBODY, head, subject, parts, rows)


def compose(message: Any, to: Address | Group, head: Letterhead, subject: str, parts: dict[str, str],
            rows: list[tuple[str, str]]) -> EmailMessage:
    """The e-mail of these sentences and rows, under the Message-ID of its event; a demonstration says so."""
    if head.test:
        subject = head.words.say("test.title", subject=subject)
    parts = {**parts, "test": head.words.say("test.note") if head.test else ""}
    letter = EmailMessage(policy=SMTP.clone(linesep="\n", utf8=not str(to).isascii()))
    letter["Subject"], letter["From"], letter["To"] = subject, head.sender, to
    letter["Date"] = format_datetime(message.occurred_at)
    letter["Message-ID"] = f"<{message.event_id}@{head.sender.domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(as_text(head.words, parts, rows), cte="8bit")
    letter.add_alternative(as_page(head.words, subject, parts, rows), subtype="html", cte="8bit")
    letter["Content-Language"] = head.words.language
    return letter


def particulars(words: Words, kind: str, facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Seats, snacks and money, as far as this message is about them."""
    lines = [("seats", words.list(rules.seats(kind, facts)))]
    if kind == "part_refunded":
        lines.append(("seats_left", words.list(rules.seats_left(facts))))
    if kind in ("paid", "revived", "screening_cancelled") and facts["snacks"]:
        lines.append(("snacks", words.list([snack(words, each) for each in facts["snacks"]])))
    return [*lines, (f"money.{rules.money_word(kind, facts)}",
                     words.money(rules.amount(kind, facts), facts["currency"]))]


def snack(words: Words, sold: dict[str, Any]) -> str:
    name = sold["name_zh"] if words.language == "zh" and sold["name_zh"] else sold["name"]
    return f"{sold['quantity']} × {one_line(name)}"


def sentence(kind: str, facts: dict[str, Any]) -> str:
    return "screening_cancelled.unpaid" if kind == "screening_cancelled" and not facts["refund"] else f"{kind}.text"


def greeting(words: Words, name: str | None) -> str:
    """By name, unless that is none: what was given long ago may hold a link."""
    is_name = name is not None and name.strip() and is_plain(name)
    return words.say("greeting", name=one_line(str(name))) if is_name else words.say("greeting.unnamed")


def recipient(email: str) -> Address:
    """Without the name: that is the buyer's own word, and a header is no place for it. Raises Undeliverable."""
    try:
        mailbox = addresses.parse(email)
    except addresses.NotAnAddress:
        raise Undeliverable("not an address") from None
    return Address(username=mailbox.name, domain=mailbox.written_domain)


def one_line(text: str) -> str:
    """Without line ends, which would begin another header."""
    return " ".join(text.split())


def as_text(words: Words, parts: dict[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [f"{label}{words.say('colon')}{value}" for label, value in rows]
    test = [parts["test"], ""] if parts["test"] else []
    if lines:
        lines.append("")
    return "\n".join([*test, parts["greeting"], "", parts["text"], "", *lines,
                      f"{parts['link_text']}{words.say('colon')}{parts['link']}", "", "-- ", parts["foot"], ""])


def as_page(words: Words, subject: str, parts: dict[str, str], rows: list[tuple[str, str]]) -> str:
    table = "\n".join(ROW.format(label=escape(label), value=escape(value)) for label, value in rows)
    escaped = {name: escape(value) for name, value in parts.items()}
    escaped["test"] = TEST.format(text=escaped["test"]) if parts["test"] else ""
    return PAGE.format(language=words.language, subject=escape(subject), rows=table, **escaped)

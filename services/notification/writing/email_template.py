"""E-mails: the same content as plain text and in HTML."""

from dataclasses import dataclass, field, replace
from email.headerregistry import Address, Group
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

import orjson

from schemas import addresses
from schemas.base import lenient
from schemas.fields import LANGUAGES
from schemas.names import is_plain
from schemas.order import OrderEvent
from services.foundation.settings import SettingsError, is_demonstration, public_url
from services.notification import rules
from services.notification.delivery.errors import Undeliverable
from services.notification.records import DueMessage
from services.notification.writing import html_page, tickets
from services.notification.writing.tickets import MailedTicket
from services.notification.writing.translations import Translations

FACTS = lenient(OrderEvent)
NO_TICKETS: dict[str, Any] = {"tickets": [], "calendar": None, "pick_up_code": None, "cinema_address": None}
NO_RECIPIENT = Group("undisclosed-recipients", ())  # RFC 5322, appendix A.1.3


@dataclass(frozen=True)
class EmailContext:
    """What all e-mails of an installation have in common."""

    translations: Translations    # of the house, or of the reader (in_language)
    sender: Address
    public_url: str  # of the pages, such as https://cinema.example
    is_test: bool    # a demonstration's e-mails say so

    @classmethod
    def of(cls, config: Any, sender: Address) -> "EmailContext":
        """From config.yml. Raises SettingsError with what is missing."""
        if not config["public_url"] and config["environment"] != "local":
            raise SettingsError("MARQUEE_ENVIRONMENT is not `local`, but MARQUEE_PUBLIC_URL does not say where "
                                "buyers find the pages, such as https://cinema.example.")
        return cls(Translations(config["language"]), sender, public_url(config), is_demonstration(config))

    def in_language(self, language: str | None) -> "EmailContext":
        """The same for a reader of this language; the house's for none, or for one that has no texts yet."""
        return replace(self, translations=Translations(language)) if language in LANGUAGES else self

    def order_url(self, message: DueMessage, token: str | None) -> str:
        """The page of the order. A token stands behind the #: no browser sends that part, so no log holds it."""
        return f"{self.public_url}/order/{message.order_id}{'#' + token if token else ''}"


@dataclass(frozen=True)
class Content:
    """The content of an e-mail. `rows`: labels and values of a table, perhaps empty. `calendar`: an .ics file."""

    subject: str
    greeting: str
    text: str
    rows: list[tuple[str, str]]
    link: str
    link_text: str
    foot: str
    test_note: str = ""
    tickets: list[MailedTicket] = field(default_factory=list)
    calendar: str | None = None


def write(message: DueMessage, contact: dict[str, Any], context: EmailContext,
          token: str | None = None, found: dict[str, Any] | None = None) -> EmailMessage:
    """The e-mail about an order, to a schemas.user.methods.Contact; without a recipient if the contact has no address.

    `token`: opens the order of a guest. `found`: its tickets, a schemas.order.tickets.TicketsToMailReply, if the e-mail
    has them. Raises Undeliverable for an invalid address. The same message always gets the same Message-ID.
    """
    facts, translations = FACTS.load(orjson.loads(message.facts)), context.translations
    screening = facts["screening"]
    title, moment = one_line(screening["film_title"]), translations.moment(screening["starts_at"])
    place = translations.text("place", cinema=one_line(screening["cinema_name"]), hall=one_line(screening["hall_name"]))
    found = found or NO_TICKETS
    rows = [("film", title), ("cinema", place), ("address", found["cinema_address"]), ("time", moment),
            *order_rows(translations, message.kind, facts), ("pick_up", found["pick_up_code"]),
            ("order", str(message.order_id))]
    content = Content(
        subject=translations.text(f"{message.kind}.subject", film=title, moment=moment),
        greeting=greeting(translations, contact["display_name"]),
        text=translations.text(text_name(message.kind, facts)),
        rows=[(translations.text(f"label.{name}"), one_line(value)) for name, value in rows if value],
        link=context.order_url(message, token), link_text=translations.text("link"),
        foot=translations.text("guest.foot" if token else "foot"),
        tickets=tickets.mailed(found, lambda seat: translations.text("ticket", seat=seat), context.sender.domain),
        calendar=found["calendar"])
    return compose(message, recipient(contact["email"]) if contact["email"] else NO_RECIPIENT, content, context)


def compose(message: DueMessage, to: Address | Group, content: Content, context: EmailContext) -> EmailMessage:
    """The e-mail with this content, under the Message-ID of its event. In a demonstration it says so."""
    translations = context.translations
    if context.is_test:
        content = replace(content, subject=translations.text("test.title", subject=content.subject),
                          test_note=translations.text("test.note"))
    email = EmailMessage(policy=SMTP.clone(linesep="\n", utf8=not str(to).isascii()))
    email["Subject"], email["From"], email["To"] = content.subject, context.sender, to
    email["Date"] = format_datetime(message.occurred_at)
    email["Message-ID"] = f"<{message.event_id}@{context.sender.domain}>"
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(as_text(translations, content), cte="8bit")
    email.add_alternative(html_page.write(translations.language, vars(content)), subtype="html", cte="8bit")
    tickets.attach(email, content.tickets, content.calendar)
    email["Content-Language"] = translations.language    # last: an attachment takes such a header into an inner part
    return email


def order_rows(translations: Translations, kind: str, facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Seats, snacks and money, as far as a message of this kind is about them: names of labels, and values."""
    rows = [("seats", translations.list(rules.seats(kind, facts)))]
    if kind == "part_refunded":
        rows.append(("seats_left", translations.list(rules.seats_left(facts))))
    if rules.has_snacks(kind, facts):
        rows.append(("snacks", translations.list([snack(translations, each) for each in facts["snacks"]])))
    money = {rules.money_label(kind, facts): rules.amount(kind, facts)}
    if rules.follows_others(kind, facts):
        money["back_in_all"] = facts["refunded"]
    return rows + [(f"money.{what}", translations.money(minor, facts["currency"])) for what, minor in money.items()]


def snack(translations: Translations, sold: dict[str, Any]) -> str:
    """Quantity and name of a snack, in the reader's language if it has a name in it."""
    name = sold["name_zh"] if translations.language == "zh" and sold["name_zh"] else sold["name"]
    return f"{sold['quantity']} × {one_line(name)}"


def text_name(kind: str, facts: dict[str, Any]) -> str:
    """The name of the translation that says what has happened."""
    if rules.follows_others(kind, facts):
        return "refunded.rest"
    return "screening_cancelled.unpaid" if kind == "screening_cancelled" and not facts["refund"] else f"{kind}.text"


def greeting(translations: Translations, name: str | None) -> str:
    """By name, unless the name is not plain: one from an older version may hold a link."""
    is_name = name is not None and name.strip() and is_plain(name)
    return translations.text("greeting", name=one_line(str(name))) if is_name else translations.text("greeting.unnamed")


def recipient(email: str) -> Address:
    """The address without the buyer's name, which has no place in a header. Raises Undeliverable."""
    try:
        mailbox = addresses.parse(email)
    except addresses.NotAnAddress:
        raise Undeliverable("not an address") from None
    return Address(username=mailbox.name, domain=mailbox.written_domain)


def one_line(text: str) -> str:
    """The text without line ends, which would begin another header."""
    return " ".join(text.split())


def as_text(translations: Translations, content: Content) -> str:
    """The content as plain text."""
    colon = translations.text("colon")
    rows = [f"{label}{colon}{value}" for label, value in content.rows]
    test_note = [content.test_note, ""] if content.test_note else []
    if rows:
        rows.append("")
    rows += [line for ticket in content.tickets for line in (f"{ticket.label}{colon}", ticket.code, "")]
    return "\n".join([*test_note, content.greeting, "", content.text, "", *rows,
                      f"{content.link_text}{colon}{content.link}", "", "-- ", content.foot, ""])

"""The notification room's tables: messages, and the inbox of events."""

import datetime as dt

from sqlalchemy import Index, SmallInteger, String
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, Traced, UtcDateTime
from services.foundation.events.inbox import inbox_table

LONGEST_ERROR = 200


class Base(DeclarativeBase):
    """The notification room's schema."""


class Message(Traced, Base):
    """One row per message: `waiting`, then `sent`, `failed` or `no_address`. No address is kept here.

    An `unconfirmed` message waits until the buyer's address is confirmed.
    """

    __tablename__ = "message"

    message_id: Mapped[str] = mapped_column(Id(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(Id(), index=True)
    kind: Mapped[str] = mapped_column(String(32))  # of services.notification.rules
    order_id: Mapped[str | None] = mapped_column(Id())
    buyer_id: Mapped[str] = mapped_column(Id())  # or the user whom a link is for
    facts: Mapped[bytes] = mapped_column(MEDIUMBLOB)  # the event's body, as JSON
    occurred_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)  # while a process sends it: when its lease ends
    error: Mapped[str | None] = mapped_column(String(LONGEST_ERROR))  # of the last try
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    read_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)  # on the pages; a mail leaves it null

    __table_args__ = (Index("messages_by_turn", "status", "due_at"),
                      Index("messages_of_a_buyer", "buyer_id", "message_id"))


class AdoptedGuest(Base):
    """A guest whose messages a member reads since signing in. They stay the guest's: an event may come late."""

    __tablename__ = "adopted_guest"

    guest_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id(), index=True)
    adopted_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


INBOX = inbox_table(Base.metadata)

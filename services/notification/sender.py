"""Sends waiting messages. Each is leased, sent while no transaction is open, and marked.

If a process dies between sending and marking, its lease ends, and the message is sent again under the same
Message-ID. Any number of processes may send at once.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eventlet import GreenPool, Timeout

from schemas.errors import Busy, TooOften
from services.foundation.database import CommitUnknown, Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.foundation.tracing import spans
from services.notification import rules, store
from services.notification.delivery.errors import AddressUnconfirmed, ChannelDown, PickUpCodeMissing, Undeliverable
from services.notification.email_delivery import EmailDelivery
from services.notification.email_writer import EmailWriter
from services.notification.records import DueMessage
from services.notification.settings import NotificationSettings

log = logging.getLogger("marquee.notification")
LEASE = dt.timedelta(seconds=120)
SEND_SECONDS = 60  # less than the lease, so that no other process begins meanwhile
AT_ONCE = 4
MESSAGES_PER_PASS = 50
# An unconfirmed address is checked again, because its event may have come before the message was held.
RECHECK_AFTER = dt.timedelta(minutes=5)
KITCHEN_PAUSE = dt.timedelta(seconds=2)


@dataclass
class MessageSender:
    """One pass over the due messages."""

    database: Transactions
    remote: RemoteCaller
    is_stopping: Callable[[], bool]
    settings: NotificationSettings
    delivery: EmailDelivery
    stopped: bool = False

    def send_due(self) -> None:
        """Send what is due. The pass ends early if nothing can be sent at the moment, or the room was asked to stop."""
        self.database.run(lambda tx: store.release_unconfirmed(tx, utc_now()))
        pool = GreenPool(AT_ONCE)
        for _ in range(AT_ONCE):
            pool.spawn(self._send_some, MESSAGES_PER_PASS // AT_ONCE)
        pool.waitall()

    def _send_some(self, most: int) -> None:
        for _ in range(most):
            if self.stopped or self.is_stopping():
                return
            try:
                message = self.database.run(lambda tx: store.lease_next(tx, utc_now(), LEASE))
                if message is None:
                    return
                with spans.following(message.traceparent, "send message", {"marquee.message": message.kind}):
                    self._send(message)
            except (Busy, CommitUnknown) as problem:  # MariaDB is down; the leases end
                log.warning("messages wait for MariaDB", extra={"problem": type(problem).__name__})
                self.stopped = True

    def _send(self, message: DueMessage) -> None:
        if (later := self._next_mail_at(message)) is not None:
            self._hold_back(message, later)
            return
        try:
            with Timeout(SEND_SECONDS):
                status = self._deliver(message)
        except Undeliverable as problem:
            self._give_up(message, str(problem))
        except AddressUnconfirmed:
            until = utc_now() + RECHECK_AFTER
            self.database.run(lambda tx: store.hold_unconfirmed(tx, message.message_id, until,
                                                                "the address is not confirmed"))
        except PickUpCodeMissing:
            until = utc_now() + KITCHEN_PAUSE
            self.database.run(lambda tx: store.hold_back(tx, message.message_id, until, "no pick-up code yet"))
        except TooOften as problem:  # an address gets no flood of links
            self._hold_back(message, utc_now() + dt.timedelta(seconds=problem.about["retry_after"]))
        except (Busy, ChannelDown) as problem:
            self.stopped = True  # the next message would fail, too
            self._postpone(message, _reason(problem))
        except Timeout:
            self.stopped = True
            self._postpone(message, f"took longer than {SEND_SECONDS} s")
        except Exception as problem:
            log.exception("a message can't be written", extra=log_fields(message))
            self._postpone(message, type(problem).__name__)
        else:
            self._finish(message, status)
            log.info("message %s", status, extra=log_fields(message))

    def _hold_back(self, message: DueMessage, until: dt.datetime) -> None:
        self.database.run(lambda tx: store.hold_back(tx, message.message_id, until, "too many mails in an hour"))
        log.warning("message waits: its account or address has had too many", extra=log_fields(message))

    def _next_mail_at(self, message: DueMessage) -> dt.datetime | None:
        most = self.settings.mails_per_hour
        sent_at = self.database.read(lambda tx: store.sent_at(tx, message.buyer_id, most))
        return rules.next_mail_at(sent_at, utc_now())

    def _deliver(self, message: DueMessage) -> str:
        """Write and deliver the message; returns its final status."""
        email = EmailWriter(self.remote, self.delivery, self.settings.unconfirmed_lifetime).write(message)
        if email is None:
            return "no_address"
        self.delivery.channel.send(email)
        return "sent"

    def _postpone(self, message: DueMessage, error: str) -> None:
        if message.tries >= self.settings.tries:
            self._give_up(message, error)
            return
        until = rules.next_try(message.tries, self.settings.pauses, utc_now())
        self.database.run(lambda tx: store.postpone(tx, message.message_id, until, error))
        log.warning("message waits", extra={**log_fields(message), "error": error, "until": until.isoformat()})

    def _give_up(self, message: DueMessage, error: str) -> None:
        self._finish(message, "failed", error)
        log.error("a message is given up; `python -m operations messages` lists it, `--retry` sends it again",
                  extra={**log_fields(message), "error": error})

    def _finish(self, message: DueMessage, status: str, error: str | None = None) -> None:
        self.database.run_repeatable(lambda tx: store.finish(tx, message.message_id, status, utc_now(), error))


def _reason(problem: Busy | ChannelDown) -> str:
    return str(problem) if isinstance(problem, ChannelDown) else f"{problem.code}: {problem.about.get('room', 'a')}"


def log_fields(message: DueMessage) -> dict[str, Any]:
    """What a log line says about a message: ids, but nobody's name or address."""
    return {"kind": message.kind, "order_id": message.order_id, "event_id": message.event_id, "tries": message.tries}

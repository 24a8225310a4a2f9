"""Sending what waits: each message is claimed, sent with no transaction open, and marked.

Who dies between sending and marking leaves a claim that runs out; the message is then sent again under the same
Message-ID. Any number of processes may send at once.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import orjson
from eventlet import GreenPool, Timeout
from nameko import config

from schemas import user
from schemas.errors import Busy
from services.foundation.database import CommitUnknown, Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.notification import rules, store
from services.notification.delivery.channel import Post
from services.notification.delivery.errors import PostDown, Unconfirmed, Undeliverable
from services.notification.writing import confirmation_email, email_template
from services.notification.writing.email_template import Letterhead

log = logging.getLogger("marquee.notification")
LEASE = dt.timedelta(seconds=120)
SEND_SECONDS = 60  # less than the lease, so that nobody else begins while we are at it
AT_ONCE = 4
A_PASS = 50  # messages
LOOK_AGAIN = dt.timedelta(minutes=5)  # at an address that was not confirmed, should the event have come before the look


@dataclass
class Sending:
    database: Transactions
    remote: RemoteCaller
    leaving: Callable[[], bool]
    post: Post
    head: Letterhead
    stopped: bool = False

    def send_due(self) -> None:
        """One pass over what is due. It ends early when nothing can be sent at the moment, or the room leaves."""
        self.database.run(lambda tx: store.unpark(tx, utc_now()))
        pool = GreenPool(AT_ONCE)
        for _ in range(AT_ONCE):
            pool.spawn(self._work_through, A_PASS // AT_ONCE)
        pool.waitall()

    def _work_through(self, most: int) -> None:
        for _ in range(most):
            if self.stopped or self.leaving():
                return
            try:
                message = self.database.run(lambda tx: store.claim(tx, utc_now(), LEASE))
                if message is None:
                    return
                self._send(message)
            except (Busy, CommitUnknown) as problem:  # MariaDB is away; what we have claimed runs out
                log.warning("messages have to wait", extra={"problem": type(problem).__name__})
                self.stopped = True

    def _send(self, message: Any) -> None:
        try:
            with Timeout(SEND_SECONDS):
                status = self._hand_in(message)
        except Undeliverable as problem:
            self._give_up(message, str(problem))
        except Unconfirmed:
            until = utc_now() + LOOK_AGAIN
            self.database.run(lambda tx: store.park(tx, message.message_id, until, "the address is not confirmed"))
        except (Busy, PostDown) as problem:
            self.stopped = True  # the next message would fare no better
            self._put_off(message, str(problem) if isinstance(problem, PostDown) else f"{problem.code}: user room")
        except Timeout:
            self.stopped = True
            self._put_off(message, f"took longer than {SEND_SECONDS} s")
        except Exception as problem:
            log.exception("a message can't be written", extra=about(message))
            self._put_off(message, type(problem).__name__)
        else:
            self._settle(message, status)
            log.info("message %s", status, extra=about(message))

    def _hand_in(self, message: Any) -> str:
        written = self._confirmation(message) if message.kind == rules.CONFIRM_EMAIL else self._news(message)
        if written is None:
            return "no_address"
        self.post.send(written)
        return "sent"

    def _news(self, message: Any) -> EmailMessage | None:
        """What has become of an order; None when there is nowhere to send it."""
        contact = self.remote.call(user.GET_CONTACT, {"user_id": message.buyer_id})
        hours = config["notification"]["unconfirmed_hours"]
        if contact["unconfirmed"] and rules.waits_for_address(message.occurred_at, utc_now(), hours):
            raise Unconfirmed()
        if self.post.needs_address and not contact["email"]:
            return None
        return email_template.write(message, contact, self.head)

    def _confirmation(self, message: Any) -> EmailMessage | None:
        """The link that confirms an address; None when that is not wanted any more."""
        number = orjson.loads(message.facts)["number"]
        given = self.remote.call(user.ISSUE_CONFIRMATION, {"user_id": message.buyer_id, "number": number})
        return confirmation_email.write(message, given, self.head) if given["token"] else None

    def _put_off(self, message: Any, error: str) -> None:
        mine = config["notification"]
        if message.tries >= mine["tries"]:
            self._give_up(message, error)
            return
        until = rules.next_try(message.tries, mine["pauses"], utc_now())
        self.database.run(lambda tx: store.put_off(tx, message.message_id, until, error))
        log.warning("message waits", extra={**about(message), "error": error, "until": until.isoformat()})

    def _give_up(self, message: Any, error: str) -> None:
        self._settle(message, "failed", error)
        log.error("a message is given up; `python -m operations messages` lists such, `--retry` sends them again",
                  extra={**about(message), "error": error})

    def _settle(self, message: Any, status: str, error: str | None = None) -> None:
        def settle(tx: Any) -> None:
            store.settle(tx, message.message_id, status, utc_now(), error)

        try:
            self.database.run(settle)
        except CommitUnknown:
            self.database.run(settle)


def about(message: Any) -> dict[str, Any]:
    return {"kind": message.kind, "order_id": message.order_id, "event_id": message.event_id, "tries": message.tries}

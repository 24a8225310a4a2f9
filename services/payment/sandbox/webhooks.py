"""The sandbox's messengers: signed words about payments, brought by HTTP until somebody says that they arrived."""

import datetime as dt
import logging
import secrets as chance
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args

import orjson
import requests
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from schemas.payment import WebhookRefused
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.payment.models import SandboxSecret, SandboxWebhook
from services.payment.providers import WebhookEvent
from services.payment.webhook_signatures import is_genuine, sign

log = logging.getLogger("marquee.sandbox")
HEADER = "sandbox-signature"
Trouble = Literal["repeat_webhook", "late_webhook", "reorder_webhook", "drop_webhook"]
TROUBLES = get_args(Trouble)
LATE, LAST = dt.timedelta(seconds=1), dt.timedelta(seconds=3)
TIMEOUT = (3, 10)                    # seconds to connect, and to answer
TRIES, LONGEST_PAUSE = 20, 300       # and seconds
AT_A_TIME = 20
ON_THE_WAY = dt.timedelta(minutes=10)   # for which others leave it to the messenger who took it


def write(tx: Connection, payment_id: str, kind: str, troubles: set[str]) -> None:
    """Something has happened to the payment, and will be told."""
    now = utc_now()
    pause = LAST if "reorder_webhook" in troubles else LATE if "late_webhook" in troubles else dt.timedelta()
    tx.execute(insert(SandboxWebhook).values(
        event_id=new_id(), payment_id=payment_id, type=kind, created_at=now, tries=0,
        copies=3 if "repeat_webhook" in troubles else 1, due_at=None if "drop_webhook" in troubles else now + pause))


def bring(database: Transactions, address: str) -> int:
    """Bring what is due to this address, signed; how many arrived. What did not is tried again, ever more seldom."""
    due = database.run(_take)
    keys = database.run(signing_secrets) if due else []
    arrived = 0
    for row in due:
        body = message(row)
        answers = [_post(address, body, sign(keys[0], body, int(time.time()))) for _ in range(row.copies)]
        pause = dt.timedelta(seconds=min(2**row.tries, LONGEST_PAUSE))
        ends = all(answers) or row.tries + 1 >= TRIES
        database.run(partial(_next_time, row=row, due_at=None if ends else utc_now() + pause))
        arrived += all(answers)
    return arrived


def message(row: Any) -> bytes:
    """What is said about it, as it is signed."""
    return orjson.dumps({"id": row.event_id, "type": row.type, "created": int(row.created_at.timestamp()),
                         "data": {"payment_id": row.payment_id}})


def read(keys: Sequence[str], body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
    """The event in a message of the sandbox's; raises WebhookRefused for anybody else's."""
    if not is_genuine(keys, headers.get(HEADER, ""), body, now.timestamp()):
        raise WebhookRefused()
    try:
        told = orjson.loads(body)
        return WebhookEvent(str(told["id"]), str(told["type"]), str(told["data"]["payment_id"]))
    except (ValueError, TypeError, KeyError):
        raise WebhookRefused() from None


def secrets(tx: Connection) -> list[str]:
    """The secrets that are good, the newest first."""
    return list(tx.execute(select(SandboxSecret.secret).order_by(SandboxSecret.secret_id.desc())).scalars())


def signing_secrets(tx: Connection) -> list[str]:
    """The same, and at least one."""
    if not secrets(tx):
        renew_secret(tx)
    return secrets(tx)


def renew_secret(tx: Connection) -> None:
    """Sign with another secret from now on."""
    tx.execute(insert(SandboxSecret).values(secret=chance.token_urlsafe(32)))


def forget(tx: Connection, before: dt.datetime) -> None:
    """Drop some of what was said before then."""
    tx.execute(delete(SandboxWebhook).where(SandboxWebhook.created_at < before).with_dialect_options(mysql_limit=1000))


def _take(tx: Connection) -> list[Any]:
    now = utc_now()
    due = select(SandboxWebhook.__table__).where(SandboxWebhook.due_at <= now).order_by(SandboxWebhook.due_at)
    found = list(tx.execute(due.limit(AT_A_TIME).with_for_update(skip_locked=True)))
    taken = update(SandboxWebhook).where(SandboxWebhook.event_id.in_([row.event_id for row in found]))
    tx.execute(taken.values(tries=SandboxWebhook.tries + 1, due_at=now + ON_THE_WAY))
    return found


def _next_time(tx: Connection, row: Any, due_at: dt.datetime | None) -> None:
    tx.execute(update(SandboxWebhook).where(SandboxWebhook.event_id == row.event_id).values(due_at=due_at))


def _post(address: str, body: bytes, signature: str) -> bool:
    headers = {"Content-Type": "application/json", HEADER: signature}
    try:
        answer = requests.post(address, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as problem:
        log.info("a webhook did not arrive", extra={"problem": type(problem).__name__})
        return False
    return answer.status_code == 200

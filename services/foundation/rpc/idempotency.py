"""Idempotency-Key: the same request under the same key has one effect and one reply.

The reply is stored in the transaction of the effect, so refused and failed requests leave nothing behind and may be
repeated under their key. After the IETF draft "The Idempotency-Key HTTP Header Field"
(draft-ietf-httpapi-idempotency-key-header).
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Column, LargeBinary, MetaData, Table, insert, select, update
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from schemas.base import Method
from schemas.errors import KeyReused, Refusal, RequestInProgress
from services.foundation.column_types import Id, UtcDateTime
from services.foundation.database import LOCK_TIMEOUT, Transactions, delete_some, error_number, utc_now
from services.foundation.rpc.calls import Principal

KEYS_KEPT = dt.timedelta(days=7)   # nobody repeats a request after so long
CREDENTIALS = ("password", "old_password", "new_password", "token", "guest_token")


class AlreadyAnswered(Exception):
    """This request was answered before; `reply` is the stored answer, in plain JSON types."""

    def __init__(self, reply: dict[str, Any]) -> None:
        super().__init__()
        self.reply = reply


def key_table(metadata: MetaData) -> Table:
    """Define the table `idempotency_key`, which every room with keyed methods has in its models."""
    return Table(
        "idempotency_key", metadata,
        Column("principal", Id(), primary_key=True),
        Column("method", Id(), primary_key=True),
        Column("idempotency_key", Id(255, "ascii_bin"), primary_key=True),
        Column("request_digest", Id(), nullable=False),
        Column("reply", LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb"), nullable=False),
        Column("answered_at", UtcDateTime, nullable=False, index=True),
    )


def _digest(request: dict[str, Any]) -> str:
    # A fast digest would help to guess a password, so secrets are left out; the room compares them itself.
    public = {name: value for name, value in request.items() if name not in CREDENTIALS}
    return hashlib.sha256(orjson.dumps(public, option=orjson.OPT_SORT_KEYS)).hexdigest()


class IdempotencyKey:
    """The Idempotency-Key of one request; without a key, every method here does nothing.

    A user's or guest's key stands for one request of theirs. Strangers have no namespace of their own and may choose
    the same key, so theirs stands for one request together with the digest of its fields.
    """

    def __init__(self, table: Table, principal: Principal, method: Method, request: dict[str, Any],
                 always: bool = False) -> None:
        """`always`: a call without a key is a key of its own. So a message that comes twice has one effect.

        This is for what nothing else keeps from happening twice; it costs a row for each call.
        """
        self._table = table
        self._method = method
        self._columns = {"principal": principal.user_id or _digest(request), "method": method.name,
                         "idempotency_key": principal.idempotency_key or (principal.call_id if always else None)}
        self._request = request

    @property
    def given(self) -> bool:
        """Whether the request has a key."""
        return bool(self._columns["idempotency_key"])

    @property
    def fingerprint(self) -> str | None:
        """64 hex digits that all copies of this request share and no other request has; None without a key."""
        return _digest({**self._columns, "request": _digest(self._request)}) if self.given else None

    def run_once(self, database: Transactions, work: Callable[[Connection], dict[str, Any]]) -> dict[str, Any]:
        """Do `work(tx)` and store its reply in one transaction; or return the reply stored by an earlier copy.

        `work` must be repeatable, as for `Transactions.run`. Raises its refusals, KeyReused when the key came with
        another request, RequestInProgress while a copy holds the lock, and what `Transactions.run_repeatable` raises.
        Without a key, a lost COMMIT raises CommitUnknown at once: nothing would tell that the work was done already.
        """
        run = database.run_repeatable if self.given else database.run

        def keep(tx: Connection) -> dict[str, Any]:
            self.raise_if_answered(tx)
            reply = work(tx)
            self.store_reply(tx, reply)
            return reply

        try:
            try:
                return run(keep)
            except Refusal:
                # The obstacle may be the effect of a copy that committed after `raise_if_answered` had found no reply.
                database.read(self.raise_if_answered)
                raise
        except AlreadyAnswered as earlier:
            return earlier.reply

    def stored_reply(self, database: Transactions) -> dict[str, Any] | None:
        """The reply stored by an earlier copy of this request, or None. Raises KeyReused."""
        if not self.given:
            return None
        try:
            database.read(self.raise_if_answered)
        except AlreadyAnswered as earlier:
            return earlier.reply
        return None

    def raise_if_answered(self, tx: Connection) -> None:
        """Raise AlreadyAnswered if this request was answered before, KeyReused if another one had this key."""
        if not self.given:
            return
        found = tx.execute(select(self._table.c.request_digest, self._table.c.reply).filter_by(**self._columns)).first()
        if found is None:
            return
        if found.request_digest != _digest(self._request):
            raise KeyReused()
        raise AlreadyAnswered(orjson.loads(found.reply))

    def replace_reply(self, tx: Connection, reply: dict[str, Any]) -> None:
        """Replace the stored reply, in the second transaction of an effect that takes two."""
        if self.given:
            tx.execute(update(self._table).filter_by(**self._columns)
                       .values(reply=orjson.dumps(self._method.dump(reply))))

    def store_reply(self, tx: Connection, reply: dict[str, Any]) -> None:
        """Store `reply` in the transaction of the effect.

        Waits for a copy that is doing the same, then raises like `raise_if_answered`, or RequestInProgress when that is
        longer than the database's lock timeout (3 s).
        """
        if not self.given:
            return
        row = {**self._columns, "request_digest": _digest(self._request), "answered_at": utc_now(),
               "reply": orjson.dumps(self._method.dump(reply))}
        try:
            tx.execute(insert(self._table), row)
        except IntegrityError:
            self.raise_if_answered(tx)
            raise
        except OperationalError as problem:
            if error_number(problem) == LOCK_TIMEOUT:
                raise RequestInProgress(retry_after=1) from None
            raise


def delete_old_replies(tx: Connection, table: Table, now: dt.datetime) -> int:
    """Delete some of the replies that are older than KEYS_KEPT, and return how many; 0 means that none is left."""
    return delete_some(tx, table, table.c.answered_at < now - KEYS_KEPT)

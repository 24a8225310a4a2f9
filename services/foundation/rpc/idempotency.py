"""Idempotency-Key: the same request under the same key has one effect and one answer.

The answer is kept in the transaction of the effect (after the IETF draft "The Idempotency-Key HTTP Header
Field"): refused and failed requests leave nothing behind and may be repeated under their key.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Column, LargeBinary, MetaData, Table, delete, insert, select, update
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from schemas.base import Method
from schemas.errors import KeyReused, Refusal, RequestInProgress
from services.foundation.database import LOCK_TIMEOUT, Id, Transactions, UtcDateTime, error_number, utc_now
from services.foundation.rpc.calls import Principal

SECRETS = ("password", "token")


class AlreadyAnswered(Exception):
    """This very request was answered before; `reply` is what it was told."""

    def __init__(self, reply: dict[str, Any]) -> None:
        super().__init__()
        self.reply = reply


def key_table(metadata: MetaData) -> Table:
    """The table every room with keyed methods has."""
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
    # A fast digest of a password would be worth stealing, so secrets stay out of it: their room compares them itself.
    public = {name: value for name, value in request.items() if name not in SECRETS}
    return hashlib.sha256(orjson.dumps(public, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Keys:
    """One request's key, if it has one; without a key every call here does nothing.

    A user's key stands for one request of theirs. Guests are many, and may choose the same: theirs stands for one
    request together with what that says, and another's under the same key is simply another.
    """

    def __init__(self, table: Table, principal: Principal, method: Method, request: dict[str, Any]) -> None:
        self._table = table
        self._method = method
        self._place = {"principal": principal.user_id or _digest(request), "method": method.name,
                       "idempotency_key": principal.idempotency_key}
        self._request = request

    @property
    def given(self) -> bool:
        return bool(self._place["idempotency_key"])

    @property
    def fingerprint(self) -> str | None:
        """What copies of this very request have in common, and no other request: 64 digits; None without a key."""
        return _digest({**self._place, "request": _digest(self._request)}) if self.given else None

    def once(self, database: Transactions, work: Callable[[Connection], dict[str, Any]]) -> dict[str, Any]:
        """What `work` answers, done in one transaction with keeping that answer; or what was answered before."""
        def keep(tx: Connection) -> dict[str, Any]:
            self.recall(tx)
            reply = work(tx)
            self.remember(tx, reply)
            return reply

        try:
            try:
                return database.run_known(keep)
            except Refusal:
                # What stands in the way may be what a twin did, after we had looked for it.
                database.read(self.recall)
                raise
        except AlreadyAnswered as earlier:
            return earlier.reply

    def answered(self, database: Transactions) -> dict[str, Any] | None:
        """What this very request was answered before, if it was. Raises KeyReused."""
        if not self.given:
            return None
        try:
            database.read(self.recall)
        except AlreadyAnswered as earlier:
            return earlier.reply
        return None

    def recall(self, tx: Connection) -> None:
        """Raise AlreadyAnswered or KeyReused if this key was used."""
        if not self.given:
            return
        found = tx.execute(select(self._table.c.request_digest, self._table.c.reply).filter_by(**self._place)).first()
        if found is None:
            return
        if found.request_digest != _digest(self._request):
            raise KeyReused()
        raise AlreadyAnswered(orjson.loads(found.reply))

    def revise(self, tx: Connection, reply: dict[str, Any]) -> None:
        """Replace the answer kept: the effect took two transactions and this is the second."""
        if self.given:
            tx.execute(update(self._table).filter_by(**self._place)
                       .values(reply=orjson.dumps(self._method.dump(reply))))

    def remember(self, tx: Connection, reply: dict[str, Any]) -> None:
        """Keep `reply` with the effect. Waits for a twin under way, then raises like `recall`."""
        if not self.given:
            return
        row = {**self._place, "request_digest": _digest(self._request), "answered_at": utc_now(),
               "reply": orjson.dumps(self._method.dump(reply))}
        try:
            tx.execute(insert(self._table), row)
        except IntegrityError:
            self.recall(tx)
            raise
        except OperationalError as problem:
            if error_number(problem) == LOCK_TIMEOUT:
                raise RequestInProgress(retry_after=1) from None
            raise


def forget_old_keys(tx: Connection, table: Table, before: Any) -> int:
    """Drop answers older than `before`; returns how many."""
    old = delete(table).where(table.c.answered_at < before).with_dialect_options(mysql_limit=1000)
    return int(tx.execute(old).rowcount)

"""Spans of SQL: one for each statement of a transaction, and one for its COMMIT.

Listeners are added to the connection of a recorded transaction alone; on the engine they would cost every statement.
The text of a statement has placeholders where its values were.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from opentelemetry.trace import Span, SpanKind
from sqlalchemy import event
from sqlalchemy.engine import Connection

from services.foundation.tracing import spans
from services.foundation.tracing.span_attributes import record_error
from services.foundation.tracing.trace_context import is_sampled

LONGEST_TEXT = 1000
TABLE = re.compile(r"\b(?:INTO|UPDATE|FROM)\s+`?(\w+)", re.IGNORECASE)


@contextmanager
def traced(connection: Connection) -> Iterator[None]:
    """Record the statements on this new connection, if the current trace is recorded."""
    if not is_sampled():
        yield
        return
    recording = _Recording(connection)
    try:
        yield
    except BaseException as problem:
        recording.end(problem)
        raise
    recording.end()


class _Recording:
    def __init__(self, connection: Connection) -> None:
        url = connection.engine.url
        self._attributes: dict[str, Any] = {
            "db.system.name": "mariadb", "db.namespace": url.database or "", "server.address": url.host or "",
            "server.port": url.port or 3306}
        self._open: Span | None = None
        event.listen(connection, "before_cursor_execute", self._statement)
        event.listen(connection, "after_cursor_execute", self._executed)
        event.listen(connection, "commit", self._commit)

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        operation, summary = summarize(statement)
        self._begin(summary, {"db.operation.name": operation, "db.query.summary": summary,
                              "db.query.text": statement[:LONGEST_TEXT]})

    def _executed(self, *_: Any) -> None:
        self.end()

    def _commit(self, _connection: Any) -> None:
        self._begin("COMMIT", {"db.operation.name": "COMMIT", "db.query.summary": "COMMIT"})

    def _begin(self, name: str, attributes: dict[str, Any]) -> None:
        self.end()   # a statement that failed, such as an INSERT that met its duplicate
        self._open = spans.begin(name, SpanKind.CLIENT, {**self._attributes, **attributes})

    def end(self, problem: BaseException | None = None) -> None:
        """End the span of the statement under way, if there is one, with the error that it met."""
        if self._open is not None:
            if problem is not None:
                record_error(problem, self._open)
            self._open.end()
            self._open = None


@lru_cache(maxsize=512)
def summarize(statement: str) -> tuple[str, str]:
    """A statement's first word, and that with its table, such as ("INSERT", "INSERT orders")."""
    operation = statement.split(None, 1)[0].upper() if statement.strip() else "SQL"
    table = TABLE.search(statement)
    return operation, f"{operation} {table[1]}" if table else operation

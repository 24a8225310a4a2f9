"""Spans of SQL."""

import pytest
from opentelemetry.trace import SpanKind
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError

from services.foundation.tracing import spans, trace_context
from services.foundation.tracing.statements import summarize, traced
from tests.drivers.recorded_spans import RecordedSpans


@pytest.fixture
def engine() -> Engine:
    engine = create_engine("sqlite://")
    with engine.begin() as tx:
        tx.execute(text("CREATE TABLE ticket (code TEXT PRIMARY KEY)"))
    return engine


ADD = text("INSERT INTO ticket VALUES (:code)")


def test_each_statement_and_the_commit_have_a_span_without_values(engine: Engine, recorded: RecordedSpans) -> None:
    with spans.use_span(spans.ingress_span(None, spans.EntrySpan("buy", SpanKind.SERVER, {}), True), recorded=True), \
            engine.connect() as connection, traced(connection):
        connection.execute(ADD, {"code": "canary"})
        connection.commit()
    assert recorded.names() == ["INSERT ticket", "COMMIT", "buy"]
    span = recorded["INSERT ticket"]
    assert span.attributes is not None
    assert (span.kind, span.attributes["db.query.text"]) == (SpanKind.CLIENT, "INSERT INTO ticket VALUES (?)")
    assert span.parent is not None
    assert span.parent.span_id == recorded["buy"].context.span_id
    assert "canary" not in span.to_json()


def test_a_statement_that_fails_has_a_span_too_and_the_next_one_is_its_own(
        engine: Engine, recorded: RecordedSpans) -> None:
    with spans.use_span(spans.ingress_span(None, spans.EntrySpan("buy", SpanKind.SERVER, {}), True), recorded=True), \
            engine.connect() as connection, traced(connection):
        connection.execute(ADD, {"code": "canary"})
        with pytest.raises(IntegrityError):
            connection.execute(ADD, {"code": "canary"})
        connection.execute(text("SELECT code FROM ticket"))
    assert recorded.names() == ["INSERT ticket", "INSERT ticket", "SELECT ticket", "buy"]


def test_the_error_that_ends_a_transaction_is_recorded_by_its_class(engine: Engine, recorded: RecordedSpans) -> None:
    with spans.use_span(spans.ingress_span(None, spans.EntrySpan("buy", SpanKind.SERVER, {}), True), recorded=True), \
            engine.connect() as connection, pytest.raises(IntegrityError), traced(connection):
        connection.execute(text("INSERT INTO ticket VALUES ('canary'), ('canary')"))
    assert recorded.names() == ["INSERT ticket", "buy"]
    assert "IntegrityError" in recorded["INSERT ticket"].to_json()


def test_an_unrecorded_transaction_has_no_listeners(engine: Engine, recorded: RecordedSpans) -> None:
    with spans.use_span(trace_context.unsampled()), engine.connect() as connection, traced(connection):
        connection.execute(ADD, {"code": "1"})
        assert not list(connection.dispatch.before_cursor_execute)
    assert recorded.names() == []


@pytest.mark.parametrize(("statement", "summary"), [
    ("SELECT a, b \nFROM orders WHERE x = %s", ("SELECT", "SELECT orders")), ("COMMIT", ("COMMIT", "COMMIT")),
    ("INSERT INTO `outbox` (a) VALUES (%s)", ("INSERT", "INSERT outbox")), ("", ("SQL", "SQL")),
    ("update payment set a=%s", ("UPDATE", "UPDATE payment")), ("DELETE FROM inbox", ("DELETE", "DELETE inbox"))])
def test_a_statement_is_summed_up_by_its_verb_and_table(statement: str, summary: tuple[str, str]) -> None:
    assert summarize(statement) == summary

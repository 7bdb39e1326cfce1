"""Traces the SQL statements of engines."""

from typing import Any

from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.observability.tracing import begin_statement, fail_span, is_tracing

_SPANS = "spans"


def trace_statements(*engines: AsyncEngine) -> None:
    """Add the statements of engines to the traces, if this process sends traces."""
    if is_tracing():
        for engine in {engine.sync_engine for engine in engines}:
            event.listen(engine, "before_cursor_execute", _begin)
            event.listen(engine, "after_cursor_execute", _end)
            event.listen(engine, "handle_error", _fail)


def _begin(connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
    # A connection executes one statement at a time.
    connection.info[_SPANS] = begin_statement(statement, connection.dialect.name)


def _end(connection: Connection, *_more: Any) -> None:
    if (span := connection.info.pop(_SPANS, None)) is not None:
        span.end()


def _fail(context: ExceptionContext) -> None:
    if context.connection is None:
        return
    if (span := context.connection.info.pop(_SPANS, None)) is not None:
        fail_span(span, context.original_exception)
        span.end()

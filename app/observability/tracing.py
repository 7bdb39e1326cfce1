"""OpenTelemetry traces, if a collector is configured, and the context that messages carry."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from app.observability.request_ids import bound_request_id, current_request_id, sane_request_id
from app.settings import InvalidSettings, Settings

REQUEST_ID = "x-request-id"
# W3C Trace Context, section 3.2.
TRACEPARENT = "traceparent"
_EXPORT_SECONDS = 5
_MAX_STATEMENT = 2_000


class _OpenTelemetry:
    """The used parts of the library, which is imported only if a collector is configured."""

    def __init__(self, endpoint: str) -> None:
        # pylint: disable=import-outside-toplevel
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.api = trace
        self.propagator = TraceContextTextMapPropagator()
        name = os.environ.get("OTEL_SERVICE_NAME", "lavka")
        self.provider = TracerProvider(resource=Resource.create({"service.name": name}))
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_SECONDS)
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer("lavka")

    def parent_of(self, headers: Mapping[str, Any]) -> Any:
        """Return the trace context of headers, or None, which means the current context."""
        given = headers.get(TRACEPARENT)
        return self.propagator.extract({TRACEPARENT: given}) if isinstance(given, str) else None

    def kind(self, name: str) -> Any:
        """Return a span kind by its name."""
        return self.api.SpanKind[name]


_loaded: list[_OpenTelemetry] = []


def start_tracing(settings: Settings) -> None:
    """Send traces to the configured collector; without one, import nothing.

    Raises:
        InvalidSettings: a collector is configured, but OpenTelemetry is not installed.
    """
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None or _loaded:
        return
    try:
        _loaded.append(_OpenTelemetry(endpoint))
    except ImportError as error:
        raise InvalidSettings(
            f"OTEL_EXPORTER_OTLP_ENDPOINT: {error.name} is not installed; install the extra `otel` "
            "(uv sync --extra otel), or remove the setting"
        ) from error


def is_tracing() -> bool:
    """Return whether this process sends traces."""
    return bool(_loaded)


async def flush_traces() -> None:
    """Send the pending spans, or give up after a time-out."""
    for otel in _loaded:
        await asyncio.to_thread(otel.provider.force_flush, _EXPORT_SECONDS * 1_000)


@contextmanager
def span(
    name: str, kind: str, headers: Mapping[str, Any], attributes: Mapping[str, Any] | None = None
) -> Iterator[Any]:
    """Trace the block, in the trace of the headers or in the current one.

    Only the type of an exception is recorded: its message may contain personal data.
    """
    if not _loaded:
        yield None
        return
    otel = _loaded[0]
    with otel.tracer.start_as_current_span(
        name,
        context=otel.parent_of(headers),
        kind=otel.kind(kind),
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            fail_span(current, error)
            raise


def fail_span(failed: Any, error: BaseException | None = None) -> None:
    """Mark a span as failed."""
    for otel in _loaded:
        kind = None if error is None else type(error).__name__
        failed.set_status(otel.api.StatusCode.ERROR, kind)


@contextmanager
def batch_span(name: str, kind: str, headers: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Trace work for several requests or messages, in the trace of each one's headers.

    Work for the whole batch is recorded in the first trace, to which the others link.
    """
    if not _loaded:
        yield
        return
    otel = _loaded[0]
    attributes = {"messaging.batch.message_count": len(headers)}
    # A sender may give a value of any type, also a dictionary, which is not hashable.
    traced = list(
        {
            parent: entry for entry in headers if isinstance(parent := entry.get(TRACEPARENT), str)
        }.values()
    )
    with ExitStack() as stack:
        leading = traced[0] if traced else {}
        first = stack.enter_context(span(name, kind, leading, attributes))
        links = [otel.api.Link(first.get_span_context())]
        for following in traced[1:]:
            other = otel.tracer.start_span(
                name, context=otel.parent_of(following), kind=otel.kind(kind), links=links
            )
            stack.callback(other.end)
        yield


def begin_statement(statement: str, system: str) -> Any:
    """Begin the span of a statement, if the current work is traced."""
    for otel in _loaded:
        # The periodic queries of the shop itself would outnumber all others.
        if otel.api.get_current_span().is_recording():
            return otel.tracer.start_span(
                statement.split(None, 1)[0].upper(),
                kind=otel.kind("CLIENT"),
                # Values are sent separately and are not part of the statement.
                attributes={"db.system.name": system, "db.query.text": statement[:_MAX_STATEMENT]},
            )
    return None


def current_trace_id() -> str | None:
    """Return the id of the current trace, if there is one."""
    for otel in _loaded:
        context = otel.api.get_current_span().get_span_context()
        if context.is_valid:
            return f"{context.trace_id:032x}"
    return None


def context_headers() -> dict[str, str]:
    """Return the headers that carry the current request id and trace in a message."""
    request_id = current_request_id()
    carried = {} if request_id is None else {REQUEST_ID: request_id}
    for otel in _loaded:
        otel.propagator.inject(carried)
    return carried


@contextmanager
def restored_request_id(headers: Mapping[str, Any]) -> Iterator[None]:
    """Set the current request id to that of a message's headers for the block."""
    with bound_request_id(sane_request_id(headers.get(REQUEST_ID))):
        yield

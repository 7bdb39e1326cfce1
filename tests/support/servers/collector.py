"""A collector of traces for tests: receives OTLP over HTTP, and decodes it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Protobuf makes its classes when they are imported.
# pylint: disable-next=no-name-in-module
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

WAIT_SECONDS = 30


@dataclass(frozen=True)
class Span:
    """A received span."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str]
    linked_ids: list[str]
    has_failed: bool


class Collector:
    """The spans that have been received so far."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spans: list[Span] = []

    def take(self, body: bytes) -> None:
        """Decode the spans of one request."""
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            service = _plain(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_span(service, each) for each in scope.spans]

    def named(self, name: str) -> Span:
        """Wait for the only span of a name."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (found := [each for each in self.spans if each.name == name]):
            assert time.monotonic() < deadline, sorted(each.name for each in self.spans)
            time.sleep(0.05)
        (only,) = found
        return only

    def under(self, parent: Span) -> set[str]:
        """Return the names of the spans inside a span."""
        return {each.name for each in self.spans if each.parent_id == parent.span_id}


def _span(service: str, span: Any) -> Span:
    return Span(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _plain(span.attributes),
        [each.span_id.hex() for each in span.links],
        span.status.code == 2,
    )


def _plain(attributes: Any) -> dict[str, str]:
    return {each.key: each.value.string_value or str(each.value.int_value) for each in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""

    class Handler(BaseHTTPRequestHandler):
        """Receives traces."""

        def do_POST(self) -> None:  # pylint: disable=invalid-name  # as http.server calls it
            """Receive the spans of a request."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            collector.take(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:  # pylint: disable=arguments-differ
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()

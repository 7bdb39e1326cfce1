"""A request is one trace from HTTP through the outbox and a worker to the database."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.conftest import sqlite_settings
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import WAIT_SECONDS, environment, free_port, run, serving
from tests.support.servers.collector import Collector, Span, collecting
from tests.test_messaging.workers import Stand

TEA = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
CALLER = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "traced-1"}
ASYNC = AUTHORIZATION | CALLER | {"Prefer": "respond-async"}
IMPORTING = """
import sys
if {is_lacking}:
    sys.modules["opentelemetry"] = None
from main import create_app
create_app()
# The framework looks whether there is one, and reads the name of an attribute.
names = ("opentelemetry", "opentelemetry.semconv", "opentelemetry.semconv.attributes")
looked_at = {{*names, "opentelemetry.semconv.attributes.http_attributes"}}
packages = {{"opentelemetry", "google", "requests"}}
found = [each for each in sys.modules if each.partition(".")[0] in packages]
print(sorted(set(found) - looked_at))
"""
LACKING = """
import sys
sys.modules["opentelemetry.sdk.resources"] = None
from main import create_app
from app.server import main
main(create_app)
"""


@pytest.fixture(name="collector")
def running_collector() -> Iterator[Collector]:
    """A separate collector for this test."""
    with collecting() as its:
        yield its


@pytest.mark.parametrize("is_lacking", [True, False])
def test_without_a_collector_opentelemetry_is_not_imported(
    tmp_path: Path, is_lacking: bool
) -> None:
    program = IMPORTING.format(is_lacking=is_lacking)
    # Where programs are forked, TaskIQ has imported it.
    done = run(sqlite_settings(tmp_path / "var"), tmp_path, "-c", program, by_python=True)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_a_collector_without_the_extra_is_an_error_with_the_reason(tmp_path: Path) -> None:
    settings = sqlite_settings(
        tmp_path / "var", otel_exporter_otlp_endpoint=f"http://127.0.0.1:{free_port()}"
    )
    done = run(settings, tmp_path, "-c", LACKING)
    assert done.returncode == 1
    assert done.stderr == (
        "error: OTEL_EXPORTER_OTLP_ENDPOINT: opentelemetry.sdk.resources is not installed; "
        "install the extra `otel` (uv sync --extra otel), or remove the setting\n"
    )


async def test_in_one_process_a_command_is_one_trace(collector: Collector, tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var", otel_exporter_otlp_endpoint=collector.endpoint)
    with serving(settings, tmp_path) as shop:
        await let_machine_into(settings)
        order = httpx.post(f"{shop.url}/api/v1/products", json=TEA, headers=ASYNC)
        assert order.status_code == 202
        wait_for(f"{shop.url}{order.headers['Location']}")
        httpx.get(f"{shop.url}/api/v1/audit", headers=CALLER)
        _, _, errors = shop.stop()
    http = collector.named("POST /api/v1/products")
    assert (http.service, http.trace_id, http.parent_id) == ("lavka", TRACE, PARENT)
    assert http.attributes["http.response.status_code"] == "202"
    assert "INSERT" in collector.under(http)
    handled = collector.named("process product")
    assert (handled.trace_id, handled.parent_id) == (TRACE, http.span_id)
    assert "INSERT" in collector.under(handled)
    (line,) = (json.loads(each) for each in errors.splitlines())
    assert (line["request_id"], line["trace_id"]) == ("traced-1", TRACE)
    # Background work without a request and health checks are not traced.
    assert not any("health" in each.name for each in collector.spans)
    assert all(each.parent_id for each in collector.spans if each.name in ("SELECT", "INSERT"))
    assert not any("4.99" in json.dumps(each.attributes) for each in collector.spans)


def wait_for(url: str) -> None:
    """Wait until an operation has succeeded."""
    deadline = time.monotonic() + WAIT_SECONDS
    while httpx.get(url, headers=AUTHORIZATION).json()["state"] != "succeeded":
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_a_command_through_a_broker_and_a_worker_is_one_trace(
    stand: Stand, collector: Collector, tmp_path: Path
) -> None:
    settings = stand.settings.model_copy(
        update={"otel_exporter_otlp_endpoint": collector.endpoint, "data_dir": tmp_path}
    )
    with replace(stand, settings=settings).worker() as worker:
        await stand.wait_for_workers()
        with serving(settings, tmp_path) as shop:
            accepted = httpx.post(f"{shop.url}/api/v1/products", json=TEA, headers=ASYNC)
            assert accepted.status_code == 202
            wait_for(f"{shop.url}{accepted.headers['Location']}")
            shop.stop()
        worker.terminate()
        assert worker.wait(WAIT_SECONDS) == 0
    http = collector.named("POST /api/v1/products")
    sent = collector.named("send product")
    handled = collector.named("process product")
    told = collector.named("send product.created")
    assert {each.trace_id for each in (http, sent, handled, told)} == {TRACE}
    assert (sent.parent_id, handled.parent_id) == (http.span_id, sent.span_id)
    assert told.parent_id == handled.span_id
    assert "INSERT" in collector.under(handled)


async def test_each_message_of_a_batch_stays_in_its_own_trace(
    collector: Collector, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BATCH],
        env=environment(
            sqlite_settings(tmp_path / "var", otel_exporter_otlp_endpoint=collector.endpoint)
        ),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    handled: dict[str, Span] = {
        each.parent_id: each for each in collector.spans if each.name == "process order"
    }
    assert set(handled) == {"1" * 16, "2" * 16}
    assert handled["1" * 16].trace_id == "a" * 32 and handled["2" * 16].trace_id == "b" * 32
    assert handled["2" * 16].linked_ids == [handled["1" * 16].span_id]


BATCH = """
import asyncio
from app.observability.tracing import batch_span, flush_traces, start_tracing
from app.settings import get_settings

start_tracing(get_settings())
parents = [f"00-{'a' * 32}-{'1' * 16}-01", f"00-{'b' * 32}-{'2' * 16}-01"]
odd = [{}, {"traceparent": {}}, {"traceparent": bytearray(b"x")}, {"traceparent": 1}]
with batch_span("process order", "CONSUMER", [*odd, *({"traceparent": each} for each in parents)]):
    pass
asyncio.run(flush_traces())
"""


def test_an_unreachable_collector_delays_neither_responses_nor_the_end(tmp_path: Path) -> None:
    settings = sqlite_settings(
        tmp_path / "var", otel_exporter_otlp_endpoint=f"http://127.0.0.1:{free_port()}"
    )
    with serving(settings, tmp_path) as shop:
        assert httpx.get(f"{shop.url}/api/v1/products").status_code == 200
        code, _, _ = shop.stop()
    assert code == 0

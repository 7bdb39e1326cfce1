"""The time limit of responses, and the cancellation of requests of disconnected callers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from litestar.types import Message, Receive, Scope, Send

from app.database.deadline import committing, uncounted
from app.web.middleware.time_limit import TimeLimit
from app.wiring.resources import Shop
from tests.conftest import client_of, postgres_settings, running
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product
from tests.support.processes import serving
from tests.support.servers import PostgresServer, start_postgres
from tests.test_database.test_unavailable.test_locks import READY, assert_unavailable, timed

LIMIT_SECONDS = 0.3


@pytest.fixture(autouse=True, name="limit")
def short_limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a short time limit, except in tests with servers."""
    if "postgres" not in request.node.name:
        monkeypatch.setattr("app.database.deadline.ANSWER_SECONDS", LIMIT_SECONDS)
        monkeypatch.setattr("app.web.middleware.time_limit._WATCH_AFTER_SECONDS", 0.05)


class Caller:
    """A caller who sends a body, perhaps slowly, and may disconnect."""

    def __init__(self, *body: bytes, pause_seconds: float = 0, leaves_after: float = 60) -> None:
        self._body = list(body)
        self._pause_seconds = pause_seconds
        self._leaves_after = leaves_after
        self.answer: list[Any] = []

    async def ask(self, application: Any) -> None:
        """Send a request to an application."""
        headers = [(b"content-length", b"1")] if self._body else []
        scope: Any = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        await TimeLimit(application)(scope, self._receive, self._send)

    @property
    def status(self) -> int | None:
        """The status of the response, or None without one."""
        return self.answer[0]["status"] if self.answer else None

    async def _receive(self) -> Any:
        if self._body:
            await asyncio.sleep(self._pause_seconds)
            body = self._body.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self._body)}
        await asyncio.sleep(self._leaves_after)
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.answer.append(message)


async def answer(send: Send) -> None:
    """Send a response with status 200."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def test_a_caller_who_waits_too_long_gets_503_with_retry_after() -> None:
    async def slow(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.sleep(60)

    caller = Caller()
    await caller.ask(slow)
    start = caller.answer[0]
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    assert json.loads(caller.answer[1]["body"])["type"] == "urn:problem:unavailable"


async def test_the_time_of_receiving_the_body_is_not_counted() -> None:
    async def read(_scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await answer(send)

    caller = Caller(b"a", b"b", b"c", pause_seconds=LIMIT_SECONDS * 0.7)
    await caller.ask(read)
    assert caller.status == 200


async def test_a_response_that_has_begun_may_take_long() -> None:
    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(LIMIT_SECONDS * 2)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    caller = Caller()
    await caller.ask(stream)
    assert [each["type"] for each in caller.answer] == [
        "http.response.start",
        "http.response.body",
    ]


@pytest.mark.parametrize("body", [(), (b"a",)])
async def test_the_request_of_a_disconnected_caller_is_cancelled(body: tuple[bytes, ...]) -> None:
    was_cancelled = asyncio.Event()

    async def slow(_scope: Scope, receive: Receive, _send: Send) -> None:
        if body:
            await receive()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    caller = Caller(*body, leaves_after=0.1)
    began = time.monotonic()
    await caller.ask(slow)
    assert was_cancelled.is_set()
    assert caller.status is None
    assert time.monotonic() - began < LIMIT_SECONDS


async def test_an_application_gets_the_body_that_the_middleware_has_received_first() -> None:
    async def late(_scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.1)
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        await answer(send)
        assert (await receive())["type"] == "http.disconnect"

    caller = Caller(leaves_after=0.2)
    await caller.ask(late)
    assert caller.status == 200


@pytest.mark.parametrize("leaves_after", [0.1, 60])
async def test_a_commit_is_not_interrupted(leaves_after: float) -> None:
    is_committed = asyncio.Event()

    async def commit(_scope: Scope, _receive: Receive, send: Send) -> None:
        with committing():
            await asyncio.sleep(LIMIT_SECONDS * 1.5)
            is_committed.set()
        await answer(send)

    caller = Caller(leaves_after=leaves_after)
    await caller.ask(commit)
    assert is_committed.is_set()
    assert caller.status == 200


@pytest.mark.parametrize("before", [0, LIMIT_SECONDS / 2])
async def test_a_block_with_its_own_time_limit_is_not_counted(before: float) -> None:
    async def store(_scope: Scope, _receive: Receive, send: Send) -> None:
        await asyncio.sleep(before)
        with uncounted():
            await asyncio.sleep(LIMIT_SECONDS * 2)
        await asyncio.sleep(LIMIT_SECONDS / 4)
        await answer(send)

    async def waits_after(scope: Scope, receive: Receive, send: Send) -> None:
        await store(scope, receive, _unsent)
        await asyncio.sleep(LIMIT_SECONDS * 2)
        await answer(send)

    in_time, late = Caller(), Caller()
    await in_time.ask(store)
    assert in_time.status == 200
    await late.ask(waits_after)
    assert late.status == 503


async def _unsent(_message: Message) -> None:
    """Send nothing."""


async def test_a_timeout_error_of_the_application_is_not_replaced() -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise TimeoutError("of the application")

    with pytest.raises(TimeoutError, match="of the application"):
        await Caller().ask(fail)


async def statements_in(server: PostgresServer, database: str) -> int:
    """Return the number of running statements of a shop."""
    connection = await asyncpg.connect(server.url(server.maintenance_database))
    try:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = $1 AND state = 'active' AND application_name = 'lavka'",
            database,
        )
        return found
    finally:
        await connection.close()


async def test_statements_of_disconnected_callers_are_cancelled_on_postgres(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    postgres_server.create_database("locks")
    settings = postgres_settings(postgres_server, "locks", data_dir=tmp_path)
    with serving(settings, tmp_path) as served:
        async with postgres_server.holding("locks", "LOCK TABLE products"):
            limits = httpx.Limits(max_connections=30)
            async with httpx.AsyncClient(base_url=served.url, limits=limits) as client:
                asked = [
                    asyncio.create_task(client.get(f"/api/v1/products?limit={number}", timeout=0.8))
                    for number in range(1, 31)
                ]
                await asyncio.sleep(0.5)
                assert await statements_in(postgres_server, "locks") > 0
                for each in asyncio.as_completed(asked):
                    with suppress(httpx.TimeoutException):
                        await each
            # Earlier than the lock timeout of 2 s.
            async with asyncio.timeout(0.9):
                while await statements_in(postgres_server, "locks"):
                    await asyncio.sleep(0.05)
        async with httpx.AsyncClient(base_url=served.url) as client:
            assert (await client.get("/api/v1/products")).status_code == 200
    postgres_server.drop_database("locks")


@pytest_asyncio.fixture(loop_scope="session", name="mortal")
async def mortal_server() -> AsyncIterator[PostgresServer]:
    """A PostgreSQL that may be stopped."""
    with await asyncio.to_thread(start_postgres) as server:
        server.create_database("frozen")
        yield server


async def test_no_caller_waits_long_for_a_frozen_postgres(mortal: PostgresServer) -> None:
    shop = Shop(postgres_settings(mortal, "frozen"))
    async with (
        running(with_routes_of(shop, WITH_ORDERS), is_limited=True) as app,
        client_of(app) as client,
    ):
        product = await create_product(client, stock_quantity=5)
        path = f"/products/{product['id']}"
        await asyncio.to_thread(mortal.pause)
        try:
            requests = [client.get(path) for _ in range(20)]
            requests += [client.get(f"/products?limit={number}") for number in range(1, 10)]
            requests += [client.patch(path, json={"name": "Tea"}) for _ in range(20)]
            for response, seconds in await asyncio.gather(*map(timed, requests)):
                assert_unavailable(response)
                assert seconds < 5
            ready, seconds = await timed(client.get(READY))
            assert (ready.status_code, seconds < 3) == (503, True)
        finally:
            await asyncio.to_thread(mortal.resume)
        response, seconds = await timed(client.get(path))
        assert (response.status_code, seconds < 2) == (200, True)
        assert (await client.get(READY)).status_code == 200


async def test_a_receive_that_the_server_cancels_is_a_disconnect() -> None:
    received: list[Any] = []

    async def cancelled(*_: object) -> Any:
        raise asyncio.CancelledError

    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        received.append(await receive())

    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await TimeLimit(application)(scope, cancelled, cancelled)
    assert received == [{"type": "http.disconnect"}]

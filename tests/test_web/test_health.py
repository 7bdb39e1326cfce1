"""The health checks of the shop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest

from app.settings import Settings
from app.wiring.resources import Shop
from tests.conftest import (
    broker_settings,
    client_of,
    postgres_settings,
    running,
    sqlite_settings,
)
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.processes import free_port
from tests.support.servers import PostgresServer, RabbitMQServer, start_redis
from tests.test_cache.reads import believed
from tests.test_messaging.workers import until

READY = "http://shop.test/health/ready"


@asynccontextmanager
async def shop_of(settings: Settings) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """Run a separate shop, and yield a client of it."""
    application = with_routes_of(Shop(settings), WITH_ORDERS)
    async with running(application), client_of(application) as client:
        yield application.state.shop, client


async def readiness(client: httpx.AsyncClient) -> tuple[int, str, dict[str, str]]:
    """Return the status of the response, the total state, and the state of each dependency."""
    response = await client.get(READY)
    told: dict[str, Any] = response.json()
    for dependency in told["dependencies"].values():
        assert (dependency["latency_ms"] is not None) == (dependency["status"] == "ok")
    states = {name: each["status"] for name, each in told["dependencies"].items()}
    return response.status_code, told["status"], states


async def test_only_configured_dependencies_are_checked(tmp_path: Path) -> None:
    async with shop_of(sqlite_settings(tmp_path)) as (_, client):
        assert await readiness(client) == (200, "ok", {"database": "ok"})


async def test_without_redis_the_shop_is_degraded_and_serves_requests(
    postgres_server: PostgresServer,
) -> None:
    postgres_server.create_database("health")
    with start_redis() as redis:
        settings = postgres_settings(
            postgres_server, "health", redis_host=redis.host, redis_port=redis.port
        )
        async with shop_of(settings) as (shop, client):
            await believed(shop)
            assert await readiness(client) == (200, "ok", {"database": "ok", "redis": "ok"})
            redis.stop()
            down = {"database": "ok", "redis": "down"}
            assert await readiness(client) == (200, "degraded", down)
            assert (await client.get("/products")).status_code == 200
    postgres_server.drop_database("health")


async def test_a_running_broker_is_ok(rabbitmq_server: RabbitMQServer, tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path, **broker_settings(rabbitmq_server))
    async with shop_of(settings) as (_, client):
        assert await readiness(client) == (200, "ok", {"database": "ok", "rabbitmq": "ok"})
        rabbitmq_server.pause()
        try:
            # The operating system still accepts connections for the paused broker.
            assert await readiness(client) == (
                200,
                "degraded",
                {"database": "ok", "rabbitmq": "down"},
            )
        finally:
            rabbitmq_server.resume()
        await until(lambda: readiness(client), (200, "ok", {"database": "ok", "rabbitmq": "ok"}))


async def test_an_unreachable_or_wrong_broker_is_down(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    down = (200, "degraded", {"database": "ok", "rabbitmq": "down"})
    for port in (free_port(), postgres_server.port):
        settings = sqlite_settings(
            tmp_path / str(port), rabbitmq_host="127.0.0.1", rabbitmq_port=port
        )
        async with shop_of(settings) as (_, client):
            assert await readiness(client) == down


async def test_probes_share_one_connection_to_the_broker(
    rabbitmq_server: RabbitMQServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = 0
    connect = aio_pika.connect

    async def count(*arguments: Any, **options: Any) -> Any:
        nonlocal opened
        opened += 1
        return await connect(*arguments, **options)

    monkeypatch.setattr(aio_pika, "connect", count)
    settings = sqlite_settings(tmp_path, **broker_settings(rabbitmq_server))
    async with shop_of(settings) as (_, client):
        for _ in range(5):
            assert (await readiness(client))[1] == "ok"
            assert (await client.get("http://shop.test/metrics")).status_code == 200
    assert opened == 1


async def test_a_web_process_logs_an_outage_of_the_broker_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = sqlite_settings(tmp_path, rabbitmq_host="127.0.0.1", rabbitmq_port=free_port())
    async with shop_of(settings) as (_, client):
        for _ in range(5):
            await readiness(client)
    told = [each for each in caplog.messages if "RabbitMQ is unavailable" in each]
    assert len(told) == 1, told

"""The metrics of a process in the format of Prometheus."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Controller
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text

from app.controllers import CONTROLLERS
from app.jobs.daily_reports import make_report
from app.models import Errand, OutboxMessage
from app.wiring.areas.messaging import provide_dead_letters, provide_outbox
from app.wiring.areas.system import provide_errands
from app.wiring.resources import Shop
from tests.conftest import client_of, postgres_settings, running, sqlite_settings
from tests.support.accounts import standing
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product, create_user, place_order
from tests.support.processes import free_port
from tests.support.queries import statements_of
from tests.support.refusals import NOTHING
from tests.support.servers import start_postgres

METRICS = "http://shop.test/metrics"


async def figures(client: httpx.AsyncClient, **headers: str) -> dict[str, float]:
    """Return every metric by its name and labels."""
    response = await client.get(METRICS, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


@pytest.mark.any_database
async def test_reads_are_counted_by_cache_tier(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client)
    before = await figures(client)
    for path in [f"/products/{product['id']}"] * 3 + [f"/products/{NOTHING}"] * 2:
        await client.get(path)
    after = await figures(client)
    grown = {
        name: after[name] - before[name]
        for name in after
        if name.startswith("lavka_cache_") and after[name] != before[name]
    }
    near = shop.cache.near
    assert near is not None
    assert grown.pop("lavka_cache_bytes") > 1_000
    assert grown == {
        "lavka_cache_hits_total product near": 3,
        "lavka_cache_misses_total product": 2,
        "lavka_cache_loads_total product": 2,
        "lavka_cache_entries": 2,
    }
    assert after["lavka_cache_redis_up"] == (shop.cache.redis is not None)
    assert after["lavka_cache_errors_total"] == 0
    assert "lavka_cache_refused_stores_total order" in after


@asynccontextmanager
async def shop_in(
    folder: Path, controllers: Iterable[type[Controller]] = WITH_ORDERS, **settings: Any
) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """Run a separate shop in a folder, and yield a client of it."""
    application = with_routes_of(Shop(sqlite_settings(folder, **settings)), controllers)
    async with running(application), client_of(application) as client:
        yield application.state.shop, client


async def test_requests_are_counted_by_route_and_never_by_path(tmp_path: Path) -> None:
    async with shop_in(tmp_path) as (_, client):
        product = await create_product(client)
        for path in (f"/products/{product['id']}", f"/products/{NOTHING}", "/products"):
            await client.get(path)
        await client.get("http://shop.test/guessed/at")
        await client.request("BREW", "/products")
        told = await figures(client)
    counted = {
        name: value for name, value in told.items() if name.startswith("lavka_http_requests_total")
    }
    assert counted == {
        "lavka_http_requests_total POST /api/v1/products 201": 1,
        "lavka_http_requests_total GET /api/v1/products/{product_id} 200": 1,
        "lavka_http_requests_total GET /api/v1/products/{product_id} 404": 1,
        "lavka_http_requests_total GET /api/v1/products 200": 1,
        "lavka_http_requests_total GET unknown 404": 1,
        "lavka_http_requests_total other unknown 405": 1,
    }
    buckets, route = "lavka_http_request_duration_seconds_bucket", "/api/v1/products/{product_id}"
    within = [
        value
        for name, value in told.items()
        if name.startswith(buckets) and route in name.split(" ")
    ]
    assert within == sorted(within) and within[-1] == 2
    assert told[f"lavka_http_request_duration_seconds_count {route}"] == 2


async def test_errands_are_counted_by_kind(client: httpx.AsyncClient, shop: Shop) -> None:
    now = shop.clock.now()
    async with shop.database.write() as session:
        errands = provide_errands(session, shop)
        await errands.put("due", UUID(NOTHING), now - timedelta(minutes=5))
        await errands.put("due", UUID(int=1), now)
        await errands.put("later", UUID(int=1), now + timedelta(minutes=5))
        session.add(Errand(kind="failed", subject_id=UUID(int=1), due_at=now, given_up_at=now))
    told = await figures(client)
    assert 300 <= told.pop("lavka_errand_age_seconds due") < 360
    assert {name: value for name, value in told.items() if "errand" in name} == {
        "lavka_errand_age_seconds later": 0,
        "lavka_errands_given_up due": 0,
        "lavka_errands_given_up later": 0,
        "lavka_errands_given_up failed": 1,
    }


@pytest.mark.any_database
async def test_waiting_and_failed_work_is_reported_for_the_whole_shop(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    orders = [await place_order(client, user["id"], {product["id"]: 1}) for _ in range(2)]
    for _ in range(3):
        await client.post(
            "/products",
            json={"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00"},
            headers={"Prefer": "respond-async"},
        )
    async with shop.database.write() as session:
        letters = provide_dead_letters(session, shop)
        await letters.park("order", "late", b"{}", "invalid-input", "it is none", 1)
        # It is scheduled for later, so it is not a delay.
        await letters.postpone("order", "early", b"{}", 1, timedelta(hours=1))
        oldest, *_ = await provide_outbox(session, shop).find_due(10)
        assert isinstance(oldest, OutboxMessage)
        oldest.created_at -= timedelta(minutes=5)
    told = await figures(client)
    assert told["lavka_queue_depth product"] == 3
    assert told["lavka_queue_depth order"] == 1
    assert told["lavka_queue_depth order_update"] == 0
    assert told["lavka_outbox_messages"] == 4
    assert 300 <= told["lavka_outbox_oldest_age_seconds"] < 400
    assert told["lavka_dead_letters order"] == 1
    assert told["lavka_dead_letters product"] == 0
    assert told["lavka_orders_placed_total"] == max(each["number"] for each in orders)
    assert told["lavka_database_pool_size"] == (5 if shop.database.is_sqlite else 10)


@pytest.mark.any_database
async def test_connections_in_use_are_reported(shop: Shop) -> None:
    # Without the lifespan no background task runs, which would borrow connections at any time.
    async with standing(shop.settings, WITH_ORDERS) as app, client_of(app) as client:
        own: Shop = app.state.shop
        assert (await figures(client))["lavka_database_pool_in_use"] == 0
        async with own.database.read() as session:
            await session.execute(text("SELECT 1"))
            assert (await figures(client))["lavka_database_pool_in_use"] == 1
        assert (await figures(client))["lavka_database_pool_in_use"] == 0


async def test_metrics_take_one_statement_for_each_table(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await figures(client)
    with statements_of(shop) as statements:
        await figures(client)
    assert len([each for each in statements if "api_keys" not in each.sql]) == 5


async def test_without_a_database_the_token_still_reads_the_other_metrics() -> None:
    token = {"Authorization": "Bearer a-token-of-the-settings"}
    with start_postgres() as server:
        server.create_database("watched")
        settings = postgres_settings(
            server, "watched", metrics_token=SecretStr("a-token-of-the-settings")
        )
        application = with_routes_of(Shop(settings), WITH_ORDERS)
        async with running(application), client_of(application) as client:
            assert "lavka_outbox_messages" in await figures(client, **token)
            server.stop("immediate")
            told = await figures(client, **token)
            server.start()
    assert "lavka_http_requests_total GET /metrics 200" in told
    assert "lavka_database_pool_size" in told
    assert not any("outbox" in name or "orders" in name or "queue" in name for name in told)


async def test_the_token_of_the_settings_gives_access_to_metrics_only(tmp_path: Path) -> None:
    token = {"Authorization": "Bearer a-token-of-the-settings"}
    secret = SecretStr("a-token-of-the-settings")
    async with shop_in(tmp_path, CONTROLLERS, metrics_token=secret) as (_, client):
        assert (await client.get(METRICS, headers=token)).status_code == 200
        for path in ("/orders", "/users", "/dead-letters", "/audit"):
            assert (await client.get(path, headers=token)).status_code == 403
        assert (await client.get(METRICS, headers={"Authorization": "Bearer a"})).status_code == 401


async def test_an_unreachable_broker_has_no_queue_depths(tmp_path: Path) -> None:
    async with shop_in(tmp_path, rabbitmq_host="127.0.0.1", rabbitmq_port=free_port()) as (
        _,
        client,
    ):
        told = await figures(client)
    assert told["lavka_outbox_messages"] == 0
    assert not any(name.startswith("lavka_queue_depth") for name in told)


@pytest.mark.any_database
async def test_the_age_of_the_newest_report_is_reported(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    assert "lavka_report_age_seconds" not in await figures(client)
    yesterday = shop.days.last_over(shop.clock.now())
    for day in (yesterday, yesterday - timedelta(days=3)):
        await make_report(shop, day)
    _, ended_at = shop.days.window_of(yesterday)
    before = (shop.clock.now() - ended_at).total_seconds()
    age = (await figures(client))["lavka_report_age_seconds"]
    assert before <= age <= (shop.clock.now() - ended_at).total_seconds()

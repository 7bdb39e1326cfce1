"""A read that is served from memory, before the router, has the response of the router."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.types import Receive, Scope, Send

from app.models import UserRole
from app.observability.access_log import AccessLog
from app.repositories.catalogue.product_repository import ProductRepository
from app.web.middleware.heads import Heads
from app.wiring.resources import Shop
from tests.conftest import client_of, running, sqlite_settings
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.cached import forget_cached
from tests.support.factories import create_product
from tests.support.machines import AUTHORIZATION
from tests.support.queries import statements_of
from tests.support.refusals import NOTHING, problem_of
from tests.test_security.people import bearing, log_in

ORIGIN = "https://shop.example.com"
ETAG = "the ETag of the product"
TOKEN = "the token of a member of staff"
LIST = "/products?limit=20"
LONG = "x" * 1_001
# The columns of the table: request, additional headers, status, and whether the read is near.
TABLE: tuple[tuple[str, dict[str, str], int, bool], ...] = (
    ("/products/{id}", {}, 200, True),
    ("/products/{id}", {"Accept-Encoding": "gzip"}, 200, True),
    ("/products/{id}", {"If-None-Match": ETAG}, 304, True),
    ("/products/{id}", {"If-None-Match": f'"other", W/{ETAG}'}, 304, True),
    ("/products/{id}", {"If-None-Match": "*", "Accept-Encoding": "gzip"}, 304, True),
    ("/products/{id}", {"If-None-Match": '"other"'}, 200, True),
    ("/products/{id}", {"If-None-Match": LONG}, 400, False),
    ("/products/{id}", {"Last-Event-ID": LONG}, 400, False),
    ("/products/{id}", {"User-Agent": LONG}, 200, True),
    ("/products/{id}", {"Origin": ORIGIN}, 200, True),
    ("/products/{id}", {"Origin": "https://other.example.com"}, 200, True),
    ("/products/{id}", {"Host": "other.example.com"}, 400, False),
    ("/products/{id}", {"Prefer": "respond-async"}, 200, True),
    ("/products/{id}", AUTHORIZATION, 200, True),
    ("/products/{id}", {"Authorization": TOKEN}, 200, True),
    ("/products/{id}", {"Authorization": "Bearer x"}, 200, True),
    ("/products/{id}", {"Authorization": "Basic x"}, 200, True),
    ("/products/{id}?x=1", {}, 200, True),
    ("/products/{id}/", {}, 200, False),
    ("/products/{ID}", {}, 200, True),
    ("/products//{id}", {}, 404, False),
    (f"/products/{NOTHING}", {}, 404, True),
    ("/products/x", {}, 404, False),
    (LIST, {}, 200, True),
    (LIST, {"Accept-Encoding": "gzip"}, 200, True),
    (LIST, {"Accept-Encoding": "br, *;q=0.5"}, 200, True),
    (LIST, {"Accept-Encoding": "gzip;q=0"}, 200, True),
    (LIST, {"If-None-Match": "*", "Accept-Encoding": "gzip"}, 304, True),
    (LIST, AUTHORIZATION, 200, True),
    ("/products?limit=%32%30", {}, 200, True),
    ("/products?limit=20&limit=20", {}, 400, False),
    ("/products?limit=x", {}, 400, False),
    ("/products?x=1", {}, 400, False),
    (f"/products?q={'%61' * 90}", {}, 200, False),
    ("/products?include=stock", {"Authorization": TOKEN}, 200, False),
    ("/products?include=stock", {"Authorization": "Bearer x"}, 401, False),
    ("/products?include=stock", {}, 401, False),
    ("/categories", {}, 200, True),
    ("/products/{id}/stock", {}, 401, False),
    ("/products/{id}/stock", AUTHORIZATION, 200, False),
    ("/users", AUTHORIZATION, 200, False),
    ("/nothing", {}, 404, False),
)


@dataclass
class Both:
    """One shop with two clients, one of them without near reads, and its records of a request."""

    shop: Shop
    door: httpx.AsyncClient
    router: httpx.AsyncClient
    passed: list[str]
    logged: list[tuple[Any, ...]]

    async def ask(
        self, client: httpx.AsyncClient, method: str, url: str, headers: dict[str, str]
    ) -> tuple[Any, int]:
        """Send a request twice; return all effects of the second, and its calls of the router."""
        await client.request(method, url, headers=headers)
        before = self._counts()
        self.passed.clear()
        self.logged.clear()
        async with client.stream(method, url, headers=headers) as response:
            body = b"".join([each async for each in response.aiter_raw()])
        noted = self._counts() - before, list(self.logged)
        return (response.status_code, response.headers.raw, body, noted), len(self.passed)

    def _counts(self) -> Counter[Any]:
        counts: Counter[Any] = Counter(self.shop.http_metrics.requests)
        for route, durations in self.shop.http_metrics.durations.items():
            counts[route] = sum(durations.counts)
        for kind, each in self.shop.cache.counts.items():
            counts[kind] = each.misses
            counts.update({(kind, tier): hits for tier, hits in each.hits.items()})
        return counts


@pytest.fixture(name="both")
async def both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    """One shop with and without reads from memory before the router."""
    settings = sqlite_settings(
        tmp_path, allowed_hosts=["shop.test"], cors_origins=[ORIGIN], access_log=True
    )
    passed: list[str] = []
    logged: list[tuple[Any, ...]] = []
    serve = Heads.__call__

    async def noting(self: Heads, scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["path"])
        await serve(self, scope, receive, send)

    def log(_log: AccessLog, method: str, path: str, status: int, _took: float, *more: str) -> None:
        logged.append((method, path, status, *more))

    monkeypatch.setattr(Heads, "__call__", noting)
    monkeypatch.setattr(AccessLog, "request", log)
    async with running(with_routes_of(Shop(settings), WITH_ORDERS)) as application:
        shop: Shop = application.state.shop
        without = with_routes_of(shop, WITH_ORDERS, has_near_reads=False)
        async with client_of(application) as door, client_of(without) as router:
            for client in (door, router):
                client.headers = httpx.Headers({"X-Request-ID": "one"})
            yield Both(shop, door, router, passed, logged)


async def filled(shop: Shop) -> AsyncIterator[tuple[str, dict[str, str], int, bool]]:
    """Fill a shop, and yield the rows of the table with ids of the shop."""
    token = bearing((await log_in(shop, UserRole.STAFF)).access_token)["Authorization"]
    async with client_of(with_routes_of(shop, WITH_ORDERS)) as machine:
        made = [await create_product(machine, description="A tea. " * 20) for _ in range(20)]
        product_id = made[0]["id"]
        etag = (await machine.get(f"/products/{product_id}")).headers["ETag"]
    for url, more, status, is_near in TABLE:
        headers = {"Accept-Encoding": "identity"}
        for name, value in more.items():
            headers[name] = value.replace(ETAG, etag).replace(TOKEN, token)
        url = url.replace("{id}", product_id).replace("{ID}", product_id.upper())
        yield url, headers, status, is_near


@pytest.mark.any_database
async def test_both_ways_return_the_same_response_to_every_request(both: Both) -> None:
    async for url, headers, status, is_near in filled(both.shop):
        for method in ("GET", "HEAD", "OPTIONS"):
            where = (method, url, headers)
            routed, by_router = await both.ask(both.router, *where)
            seen, by_door = await both.ask(both.door, *where)
            assert seen == routed, where
            assert by_door == (0 if is_near and method == "GET" else by_router), where
            assert method != "GET" or seen[0] == status, where
            assert by_router == 1 or status in (400, 404), where


@pytest.mark.any_database
async def test_each_response_counts_towards_the_rate_limit(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path, rate_limit_per_minute=5)
    async with running(with_routes_of(Shop(settings), WITH_ORDERS)) as application:
        async with client_of(application) as client:
            replies = [await client.get("/categories") for _ in range(6)]
    assert [each.status_code for each in replies] == [200] * 5 + [429]
    remaining = [each.headers["RateLimit-Remaining"] for each in replies]
    assert remaining == ["4", "3", "2", "1", "0", "0"]
    assert [each.headers.get("X-Cache") for each in replies] == ["miss", *["near"] * 4, None]


async def test_a_near_read_needs_no_statement_and_sees_a_change_at_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    path = f"/products/{product['id']}"
    for price in ("1.00", "2.00", "3.00"):
        changed = await client.patch(path, json={"price": price})
        assert changed.status_code == 200
        for url in (path, LIST):
            tiers = [(await client.get(url)).headers["X-Cache"] for _ in range(2)]
            assert tiers == ["miss", "near"]
            with statements_of(shop) as statements:
                response = await client.get(url)
            assert not statements
            shown = response.json().get("items", [response.json()])
            assert [each["price"] for each in shown] == [price]
    assert (await client.delete(path)).status_code == 204
    assert [(await client.get(path)).status_code for _ in range(3)] == [404] * 3


async def test_an_evicted_near_entry_is_read_from_redis(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/products/{(await create_product(client))['id']}"
    replies = [await client.get(path)]
    # The same happens when the connection to Redis is lost, or another process changes the data.
    assert shop.cache.near is not None
    shop.cache.near.clear()
    has_redis = shop.cache.redis is not None
    if has_redis:
        monkeypatch.setattr(Heads, "__call__", None)
    replies += [await client.get(path) for _ in range(2)]
    tiers = ["miss", "redis" if has_redis else "miss", "near"]
    assert [each.headers["X-Cache"] for each in replies] == tiers
    assert len({(each.content, each.headers["ETag"]) for each in replies}) == 1


async def test_a_product_that_another_process_has_read_is_read_from_redis(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = [(await create_product(client))["id"] for _ in range(2)]
    async with client_of(with_routes_of(shop, WITH_ORDERS, has_near_reads=False)) as other:
        routed = await other.get(f"/products/{second}")
    assert shop.cache.near is not None
    has_redis = shop.cache.redis is not None
    await client.get(f"/products/{first}")
    if has_redis:
        shop.cache.near.clear()
    # The first response has made this kind of path known; from now on, the router cannot be called.
    monkeypatch.setattr(Heads, "__call__", None)
    replies = [await client.get(f"/products/{second}") for _ in range(2)]
    assert [each.headers["X-Cache"] for each in replies] == [
        "redis" if has_redis else "near",
        "near",
    ]
    seen = {(each.content, each.headers["ETag"]) for each in replies}
    assert seen == {(routed.content, routed.headers["ETag"])}


async def test_an_uncached_product_is_read_before_the_router_with_the_same_response(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, *others = [f"/products/{(await create_product(client))['id']}" for _ in range(4)]
    in_currency = f"?currency={shop.settings.shop_currency}"
    others[2] += in_currency
    async with client_of(with_routes_of(shop, WITH_ORDERS, has_near_reads=False)) as other:
        by_router = [await other.get(each) for each in others]
    await forget_cached(shop)
    for query in ("", in_currency):
        assert (await client.get(known + query)).status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr(Heads, "__call__", None)
        by_door = [await client.get(each) for each in others]
    assert [each.headers["X-Cache"] for each in (*by_router, *by_door)] == ["miss"] * 6
    for seen, routed in zip(by_door, by_router, strict=True):
        assert (seen.status_code, seen.content) == (routed.status_code, routed.content)
        headers = [{*each.headers.items()} for each in (seen, routed)]
        assert {name for name, _ in headers[0] ^ headers[1]} == {"x-request-id"}


@pytest.mark.any_database
@pytest.mark.parametrize(("fault", "status"), [(ConnectionResetError, 503), (KeyError, 500)])
async def test_a_failed_read_before_the_router_is_answered_as_by_the_router(
    both: Both, monkeypatch: pytest.MonkeyPatch, fault: type[Exception], status: int
) -> None:
    async with client_of(with_routes_of(both.shop, WITH_ORDERS)) as machine:
        paths = [f"/products/{(await create_product(machine))['id']}" for _ in range(2)]
    for client in (both.door, both.router):
        assert (await client.get(paths[0])).status_code == 200

    async def fail(*_asked: Any, **_options: Any) -> Any:
        raise fault

    monkeypatch.setattr(ProductRepository, "whole", fail)
    routed, by_router = await both.ask(both.router, "GET", paths[1], {})
    seen, by_door = await both.ask(both.door, "GET", paths[1], {})
    assert (routed[0], by_router, by_door) == (status, 1, 0)
    # Their order differs.
    seen, routed = ((status, sorted(raw), *more) for status, raw, *more in (seen, routed))
    assert seen == routed


async def test_the_cached_path_of_a_product_is_not_used_for_other_paths(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async with client_of(with_routes_of(shop, WITH_ORDERS, has_near_reads=False)) as other:
        known, gone = [(await create_product(client))["id"] for _ in range(2)]
        for each in (known, gone):
            await client.get(f"/products/{each}")
            assert (await other.get(f"/products/{each}")).status_code == 200
        assert (await client.delete(f"/products/{gone}")).status_code == 204
        for path in (
            f"/products/{gone}",
            f"/products/{known.upper()}",
            f"/products/{known}/",
            f"/products/{known.replace('-', '')}",
            f"/products/{known}x",
            f"/products/{known}?currency=EUR",
            f"/products/{known}?currency=USD",
            f"/users/{known}",
            f"/categories/{known}",
            f"/variants/{known}",
            "/products/",
        ):
            by_door, by_router = await client.get(path), await other.get(path)
            assert by_door.status_code == by_router.status_code, path
            if by_router.status_code < 400:
                assert by_door.content == by_router.content, path
            else:
                assert problem_of(by_door)["type"] == problem_of(by_router)["type"], path


@pytest.mark.any_database
async def test_the_number_of_known_paths_is_bounded(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path, cache_max_entries=100)
    async with running(with_routes_of(Shop(settings), WITH_ORDERS)) as application:
        door = vars(vars(application.asgi_handler)["_app"])["_app"]
        async with client_of(application) as client:
            for number in range(300):
                response = await client.get("/products", params={"q": f"word{number}"})
                assert response.status_code == 200
            first = await client.get("/products", params={"q": "word0"})
            last = await client.get("/products", params={"q": "word299"})
            path = f"/products/{(await create_product(client))['id']}"
            for number in range(300):
                assert (await client.get(path, params={"x": number})).status_code == 200
        assert len(vars(door)["_known"]) <= 100
        assert len(vars(door)["_routes"]) == 256
    assert (first.headers["X-Cache"], last.headers["X-Cache"]) == ("miss", "near")

"""HEAD has the response of GET, without the body."""

import asyncio

import httpx
import pytest
from litestar import Litestar

from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.machines import AUTHORIZATION
from tests.support.refusals import NOTHING
from tests.test_security.people import bearing, log_in
from tests.test_security.rights.matrix import MATRIX
from tests.test_security.rights.world import world_of
from tests.test_web.streams import unfinished_operation

PUBLIC = ("/health/live", "/docs", "/docs/openapi.json", "/docs/assets/docs.js")
# These differ between any two responses.
OWN = {"x-cache", "x-request-id", "ratelimit-remaining", "ratelimit-reset", "date"}


async def compare(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> int:
    """Check that HEAD has the status and the headers of GET, and no body; return the status."""
    got = await client.get(url, headers=headers)
    head = await client.head(url, headers=headers)
    assert (head.status_code, head.content) == (got.status_code, b""), url
    for name in (got.headers.keys() | head.headers.keys()) - OWN:
        assert head.headers.get(name) == got.headers.get(name), (url, name)
    if got.status_code != 304 and "text/event-stream" not in got.headers["Content-Type"]:
        assert int(head.headers["Content-Length"]) == len(got.content), url
    return got.status_code


@pytest.mark.any_database
async def test_every_route_with_get_also_supports_head(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    world = await world_of(shop)
    admin = bearing((await log_in(shop, UserRole.ADMIN)).access_token)
    paths = {world.filled(row.template) for row in MATRIX if row.method == "GET"}
    assert len(paths) > 15
    # An export shows its audit event; the other two measure.
    changing = {path for path in paths if path.endswith(("/export", "/ready", "/metrics"))}
    for path in changing:
        head = await client.head(f"http://shop.test{path}", headers=admin)
        assert (head.status_code, head.content) == (200, b"")
    statuses = [
        await compare(client, f"http://shop.test{path}", admin)
        for path in sorted(paths - changing | {*PUBLIC})
    ]
    assert statuses.count(200) > 15
    assert app.state.streams.limit.open_count == 0


@pytest.mark.any_database
async def test_refusals_of_head_equal_those_of_get(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    place = f"/products/{product['id']}"
    tag = (await client.get(place)).headers["ETag"]
    for url, more, status in (
        (place, {"If-None-Match": tag}, 304),
        (f"/products/{NOTHING}", {}, 404),
        ("/nothing", {}, 404),
        ("/products?limit=x", {}, 400),
        ("/orders", {"Authorization": "Bearer x"}, 401),
        ("/auth/token", {}, 405),
    ):
        assert await compare(client, url, AUTHORIZATION | more) == status


@pytest.mark.any_database
async def test_head_of_an_event_stream_ends_at_once(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    operation_id = await unfinished_operation(shop)
    head = await asyncio.wait_for(client.head(f"/operations/{operation_id}/events"), 5)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"].startswith("text/event-stream")
    assert app.state.streams.limit.open_count == 0


@pytest.mark.any_database
async def test_a_head_request_is_counted_as_head(client: httpx.AsyncClient, shop: Shop) -> None:
    user = await create_user(client)
    requests, key = shop.http_metrics.requests, ("HEAD", "/api/v1/users/{user_id}", 200)
    before = dict(requests)
    await client.head(f"/users/{user['id']}")
    assert {each for each in requests if requests[each] != before.get(each)} == {key}
    assert requests[key] == before.get(key, 0) + 1

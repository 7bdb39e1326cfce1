"""Event streams follow the rights of their callers, and are limited in number."""

import asyncio
import time
from collections.abc import Collection, Mapping
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from app.models import UserRole
from app.security.areas.messaging import MessagingScope
from app.web.event_streams import MAX_STREAMS_PER_CLIENT, EventStreams
from app.wiring.resources import Shop
from tests.conftest import client_of
from tests.support.machines import AUTHORIZATION
from tests.support.refusals import problem_of
from tests.test_security.people import bearing, let_in, log_in
from tests.test_web.streams import unfinished_operation

# The pause between two checks of the rights, and a busy machine.
SOON_SECONDS = 10


def begin(
    client: httpx.AsyncClient, operation_id: UUID, headers: dict[str, str]
) -> asyncio.Task[httpx.Response]:
    """Follow an operation in the background; the task returns the response after the end."""
    return asyncio.create_task(
        client.get(f"/operations/{operation_id}/events", headers=headers, timeout=60)
    )


async def until_open(app: Litestar, count: int) -> None:
    """Wait until a number of streams is open."""
    async with asyncio.timeout(SOON_SECONDS):
        while app.state.streams.limit.open_count != count:
            await asyncio.sleep(0.01)


async def end_of(stream: asyncio.Task[httpx.Response]) -> list[str]:
    """Wait for the end of a stream, and return its comments."""
    response = await asyncio.wait_for(stream, SOON_SECONDS)
    assert response.status_code == 200
    return [line[2:] for line in response.text.splitlines() if line.startswith(": ")]


@pytest.mark.any_database
@pytest.mark.parametrize("change", ["deactivated", "logged out", "demoted", "erased"])
async def test_a_stream_ends_with_the_rights_of_its_user(
    app: Litestar, client: httpx.AsyncClient, shop: Shop, change: str
) -> None:
    admin, user = await log_in(shop, UserRole.ADMIN), await log_in(shop, UserRole.STAFF)
    # Staff may see the operations of others, a customer may not.
    operation_id = await unfinished_operation(shop)
    stream = begin(client, operation_id, bearing(user.access_token))
    other = begin(client, operation_id, AUTHORIZATION)
    await until_open(app, 2)
    await asyncio.sleep(0.3)
    place, by_admin = f"/users/{user.id}", bearing(admin.access_token)
    if change == "logged out":
        changed = await client.post("/auth/logout", headers=bearing(user.access_token))
    elif change == "erased":
        changed = await client.delete(place, headers=by_admin)
    else:
        less = {"deactivated": {"is_active": False}, "demoted": {"role": "customer"}}[change]
        changed = await client.patch(f"{place}/access", json=less, headers=by_admin)
    assert changed.status_code in (200, 204), changed.text
    (comment,) = await end_of(stream)
    if change == "demoted":
        assert comment == f"there is no operation {operation_id}"
    else:
        assert comment == "the log-in of this token has ended"
    assert not other.done()
    app.state.streams.stop()
    await end_of(other)
    app.state.streams.is_stopping = False


@pytest.mark.any_database
async def test_a_stream_ends_when_its_key_is_revoked(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    admin = await log_in(shop, UserRole.ADMIN)
    machine = await let_in(shop, MessagingScope.OPERATIONS_READ)
    stream = begin(client, await unfinished_operation(shop), bearing(machine.key))
    await until_open(app, 1)
    await asyncio.sleep(0.3)
    revoked = await client.delete(
        f"/api-keys/{machine.row['id']}", headers=bearing(admin.access_token)
    )
    assert revoked.status_code == 204
    assert await end_of(stream) == ["the API key is not valid"]


@pytest.mark.any_database
async def test_an_address_has_a_limited_number_of_streams(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    operation_id = await unfinished_operation(shop)
    streams = [
        begin(client, operation_id, AUTHORIZATION) for _ in range(MAX_STREAMS_PER_CLIENT + 3)
    ]
    await until_open(app, MAX_STREAMS_PER_CLIENT)
    ended, waiting = await asyncio.wait(streams, timeout=1)
    assert len(ended) == 3
    for each in ended:
        problem = problem_of(each.result())
        assert (problem["status"], problem["type"]) == (429, "urn:problem:too-many-requests")
        assert problem["detail"] == "too many event streams are open, try again later"
        assert each.result().headers["Retry-After"] == "30"
    elsewhere = client_of(app)
    transport = elsewhere._transport  # pylint: disable=protected-access  # of another address
    assert isinstance(transport, httpx.ASGITransport)
    transport.client = ("192.0.2.9", 1)
    other = begin(elsewhere, operation_id, AUTHORIZATION)
    await until_open(app, MAX_STREAMS_PER_CLIENT + 1)
    app.state.streams.stop()
    began = time.monotonic()
    for each in (*waiting, other):
        assert await end_of(each) == ["the shop is stopping, resume with Last-Event-ID"]
    assert time.monotonic() - began < 2
    app.state.streams.is_stopping = False
    await until_open(app, 0)


@pytest.mark.any_database
async def test_all_streams_share_one_query(
    app: Litestar, client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams: EventStreams = app.state.streams
    asked: list[int] = []
    versions = streams._versions  # pylint: disable=protected-access

    async def counted(operation_ids: Collection[UUID]) -> Mapping[UUID, int]:
        asked.append(len(operation_ids))
        return await versions(operation_ids)

    monkeypatch.setattr(streams, "_versions", counted)
    first, second = await unfinished_operation(shop), await unfinished_operation(shop)
    following = [begin(client, each, AUTHORIZATION) for each in (first, second) * 10]
    await until_open(app, 20)
    asked.clear()
    await asyncio.sleep(1)
    assert 1 <= len(asked) <= 6 and set(asked) == {2}
    streams.stop()
    await asyncio.gather(*map(end_of, following))
    streams.is_stopping = False

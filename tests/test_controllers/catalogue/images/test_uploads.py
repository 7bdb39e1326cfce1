"""Uploads are received within limits of size, time and concurrency."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from app.gateways.image_header import MAX_BYTES
from app.web.uploads import MAX_UPLOADS_PER_CLIENT
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.machines import AUTHORIZATION
from tests.support.media.pictures import files_of, picture, upload
from tests.support.refusals import problem_of
from tests.support.tables import everything

pytestmark = pytest.mark.any_database


class _Body:
    """A body that is sent in parts, and counts the bytes that were read."""

    def __init__(self, *parts: bytes, then: asyncio.Event | None = None) -> None:
        self._parts = parts
        self._then = then
        self.sent = 0
        self.has_begun = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            self.sent += len(part)
            yield part
            self.has_begun.set()
        if self._then is not None:
            await self._then.wait()


async def _send(client: httpx.AsyncClient, product: dict[str, Any], body: _Body) -> httpx.Response:
    path = f"/products/{product['id']}/images"
    return await client.post(path, content=body, headers={"Content-Type": "image/png"})


async def test_a_file_with_too_large_a_content_length_is_not_received(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    body = _Body(b"x")
    path = f"/products/{product['id']}/images"
    headers = {"Content-Type": "image/png", "Content-Length": str(MAX_BYTES + 1)}
    refused = problem_of(await client.post(path, content=body, headers=headers))
    assert (refused["type"], refused["max_bytes"]) == ("urn:problem:image-too-large", MAX_BYTES)
    assert files_of(shop) == []


async def test_receiving_stops_when_a_file_exceeds_the_limit(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    before = await everything(shop)
    product = await create_product(client)
    refused = problem_of(await _send(client, product, _Body(*[bytes(1_000_000)] * 20)))
    assert (refused["type"], refused["status"]) == ("urn:problem:image-too-large", 413)
    assert files_of(shop) == []
    assert (await everything(shop))["images"] == before["images"]


async def test_a_file_that_does_not_arrive_in_time_is_refused(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    with patch("app.web.uploads.UPLOAD_SECONDS", 0.05):
        answer = await _send(client, product, _Body(picture()[:20], then=asyncio.Event()))
    assert problem_of(answer)["type"] == "urn:problem:request-timeout"


async def test_concurrent_uploads_are_limited_and_leave_no_files(
    client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, go_on = await create_product(client), asyncio.Event()
    # A separate folder: other tests upload at the same time.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bodies = [_Body(picture()[:20], then=go_on) for _ in range(MAX_UPLOADS_PER_CLIENT)]
    waiting = [asyncio.create_task(_send(client, product, each)) for each in bodies]
    await asyncio.gather(*(each.has_begun.wait() for each in bodies))
    assert len(list(tmp_path.glob("lavka-upload-*"))) == MAX_UPLOADS_PER_CLIENT
    refused = await upload(client, product, picture())
    assert problem_of(refused)["type"] == "urn:problem:too-many-requests"
    assert int(refused.headers["Retry-After"]) > 0
    go_on.set()
    for answer in await asyncio.gather(*waiting):
        assert problem_of(answer)["type"] == "urn:problem:image-not-readable"
    assert (await upload(client, product, picture())).status_code == 202
    assert not list(tmp_path.glob("lavka-upload-*"))


async def test_a_file_is_refused_temporarily_while_the_disk_is_full(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)

    def full(_path: Path, _mode: str) -> Any:
        return open("/dev/full", "wb")  # pylint: disable=consider-using-with

    with patch("app.web.uploads.Path.open", full):
        answer = await upload(client, product, picture())
    assert problem_of(answer)["type"] == "urn:problem:unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert (await everything(shop))["images"] == []


@pytest.mark.parametrize("authorization", ["", "Bearer lavka_wrong"])
async def test_a_caller_without_the_right_is_refused_before_the_file_is_received(
    client: httpx.AsyncClient, authorization: str
) -> None:
    product = await create_product(client)
    body = _Body(*[bytes(100_000)] * 10)
    path = f"/products/{product['id']}/images"
    headers = {"Content-Type": "image/png", "Authorization": authorization}
    assert (await client.post(path, content=body, headers=headers)).status_code == 401


async def test_an_image_instead_of_json_is_refused_within_the_limits_of_json(
    client: httpx.AsyncClient,
) -> None:
    headers = AUTHORIZATION | {"Content-Type": "image/png"}
    small = await client.post("/products", content=picture(), headers=headers)
    assert problem_of(small)["type"] == "urn:problem:unsupported-media-type"
    large = await client.post("/auth/token", content=bytes(1_000_000), headers=headers)
    assert problem_of(large)["status"] in (413, 415)

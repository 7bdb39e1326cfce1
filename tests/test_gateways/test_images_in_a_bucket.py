"""A shop whose files are in a bucket, also while the bucket does not respond."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from app.jobs.errands.handlers import HANDLERS
from app.jobs.errands.loop import do_due
from app.wiring.resources import Shop
from tests.conftest import client_of, sqlite_settings
from tests.support.accounts import later, standing
from tests.support.factories import create_product
from tests.support.machines import let_machine_in
from tests.support.media.pictures import add_image, fetch, picture, render_all, upload
from tests.support.refusals import problem_of
from tests.support.servers.relay import Relay
from tests.support.servers.s3 import start_s3


@pytest_asyncio.fixture(name="way", loop_scope="session")
async def way_to_a_bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Relay]:
    """A proxy to an S3 server; the environment names the proxy."""
    with start_s3() as server:
        async with Relay(server.host, server.port) as way:
            address = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{way.port}"}
            for name, value in (server.variables | address).items():
                monkeypatch.setenv(name, value)
            yield way


@pytest_asyncio.fixture(name="own", loop_scope="session")
async def shop_with_a_bucket(
    way: Relay, tmp_path: Path
) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """A separate shop with a bucket, and its client."""
    assert way.port
    settings = sqlite_settings(tmp_path / "var", media_store="s3://lavka/media")
    async with standing(settings) as app, client_of(app) as client:
        await let_machine_in(app.state.shop)
        yield app.state.shop, client


async def test_images_survive_an_outage_of_the_bucket(
    way: Relay, own: tuple[Shop, httpx.AsyncClient]
) -> None:
    shop, client = own
    product = await create_product(client)
    image = await add_image(client, shop, product)
    url = image["renditions"][-1]["url"]
    assert (await fetch(client, url)).headers["content-type"] == "image/webp"
    waiting = (await upload(client, product, picture(colour=(1, 2, 3)))).json()
    await way.cut()
    refused = await upload(client, product, picture(colour=(4, 5, 6)))
    assert problem_of(refused)["type"] == "urn:problem:unavailable"
    assert problem_of(await fetch(client, url))["type"] == "urn:problem:unavailable"
    assert await do_due(shop, HANDLERS)
    (listed,) = (await client.get("/products")).json()["items"]
    assert listed["image"]["renditions"][-1]["url"] == url
    await way.open()
    with later(shop, timedelta(minutes=10)):
        await render_all(shop)
    items = (await client.get(f"/products/{product['id']}/images")).json()["items"]
    assert [each["id"] for each in items] == [image["id"], waiting["id"]]
    for each in items:
        assert (await fetch(client, each["renditions"][0]["url"])).status_code == 200

"""With a broker, the worker runs the errands, and web processes do not."""

import asyncio
import time

from tests.support.factories import create_product
from tests.support.media.pictures import picture, upload
from tests.test_messaging.workers import WAIT_SECONDS, Stand


async def test_a_worker_renders_uploads_of_a_web_process(worked_stand: Stand) -> None:
    product = await create_product(worked_stand.client)
    answer = await upload(worked_stand.client, product, picture())
    assert answer.status_code == 202
    path, deadline = f"/products/{product['id']}/images", time.monotonic() + WAIT_SECONDS
    while not (items := (await worked_stand.client.get(path)).json()["items"]):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert [each["width"] for each in items[0]["renditions"]] == [96, 320, 640, 900]
    url = f"http://shop.test{items[0]['renditions'][0]['url']}"
    assert (await worked_stand.client.get(url)).status_code == 200

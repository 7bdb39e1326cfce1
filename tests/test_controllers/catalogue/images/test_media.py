"""The files of images over HTTP: they are served without a token, and no other file is."""

from io import BytesIO

import httpx
import pytest
from PIL import Image

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.media.pictures import NOBODY, add_image, fetch, files_of, picture, upload

pytestmark = pytest.mark.any_database


async def test_a_file_has_the_type_and_size_of_its_rendition(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    image = await add_image(client, shop, await create_product(client))
    for each in image["renditions"]:
        file = await fetch(client, each["url"])
        assert (file.status_code, file.headers["content-type"]) == (200, "image/webp")
        with Image.open(BytesIO(file.content)) as opened:
            assert (opened.format, opened.size) == ("WEBP", (each["width"], each["height"]))


async def test_files_may_be_cached_forever_by_any_cache(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    image = await add_image(client, shop, await create_product(client))
    url = image["renditions"][0]["url"]
    file = await fetch(client, url)
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-length"] == str(len(file.content))
    same = await fetch(client, url, **{"If-None-Match": file.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    head = await client.head(f"http://shop.test{url}", headers=NOBODY)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == file.headers["content-length"]


@pytest.mark.parametrize(
    "path",
    [
        f"/media/{'0' * 2}/{'0' * 2}/{'0' * 64}.webp",
        f"/media/{'0' * 2}/{'1' * 2}/{'0' * 64}.webp",
        f"/media/{'0' * 2}/{'0' * 2}/{'0' * 64}",
        "/media/..%2f/..%2f/lavka.db",
        "/media/%2e%2e/%2e%2e/lavka.db",
        "/media/originals/00/00",
        "/media/00/00/\u0660.webp",
    ],
)
async def test_only_files_of_images_are_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await fetch(client, path)
    assert answer.status_code in (400, 404)
    assert answer.headers["cache-control"] == "no-store"


async def test_originals_are_not_served(client: httpx.AsyncClient, shop: Shop) -> None:
    await upload(client, await create_product(client), picture())
    (key,) = files_of(shop)
    assert key.startswith("originals/")
    for path in (key, key.removeprefix("originals/"), key.removeprefix("originals/") + ".webp"):
        assert (await fetch(client, f"/media/{path}")).status_code == 404

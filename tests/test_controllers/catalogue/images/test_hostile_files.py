"""Harmful uploaded files: each is refused, or rendered as an image without its metadata."""

from io import BytesIO
from itertools import islice
from typing import Any

import httpx
import pytest
from PIL import Image

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.media.hostile import FIXED, GPS, LARGE, photo, random_files
from tests.support.media.pictures import fetch, files_of, render_all, upload
from tests.support.refusals import problem_of
from tests.support.tables import everything

pytestmark = pytest.mark.any_database

TOO_LARGE, NOT_READABLE, TYPE = (413, "too-large"), (422, "not-readable"), (415, "type-refused")
REFUSED = {
    "nothing": NOT_READABLE,
    "one byte": TYPE,
    "only a signature of PNG": NOT_READABLE,
    "only a signature of JPEG": NOT_READABLE,
    "PNG of 50,000 x 50,000": TOO_LARGE,
    "PNG of 1 x 30,000": TOO_LARGE,
    "PNG of 30,000 x 1": TOO_LARGE,
    "PNG of 0 x 1": NOT_READABLE,
    "PNG of 2^32 - 1": TOO_LARGE,
    "WebP of 8,000 x 8,000": TOO_LARGE,
    "WebP of 2^24 x 2^24": TOO_LARGE,
    "more than 10 MiB": TOO_LARGE,
    "PNG with too many parts": NOT_READABLE,
    **dict.fromkeys(("GIF", "BMP", "TIFF", "SVG", "HTML", "ZIP"), TYPE),
    **dict.fromkeys(("animated GIF", "animated PNG", "animated WebP"), TYPE),
}
DAMAGED = {
    "PNG with much text",
    "PNG with other dimensions later",
    "WebP that says less than it is",
}


async def _outcome(client: httpx.AsyncClient, shop: Shop, content: bytes) -> dict[str, Any]:
    """Return the result of an upload: the rendered image, or the refusal."""
    product = await create_product(client)
    answer = await upload(client, product, content)
    if answer.status_code != 202:
        assert answer.status_code < 500
        return problem_of(answer)
    await render_all(shop)
    image: dict[str, Any] = (
        await client.get(answer.headers["Location"].removeprefix("/api/v1"))
    ).json()
    assert image["status"] in ("ready", "refused")
    await _assert_bare(client, image)
    return image


async def _assert_bare(client: httpx.AsyncClient, image: dict[str, Any]) -> None:
    for each in image["renditions"]:
        file = (await fetch(client, each["url"])).content
        assert file[:4] == b"RIFF" and file[12:16] in (b"VP8 ", b"VP8L", b"VP8X")
        for word in (b"EXIF", b"ICCP", b"XMP ", GPS.encode(), b"script"):
            assert word not in file
        with Image.open(BytesIO(file)) as opened:
            assert opened.size == (each["width"], each["height"])


@pytest.mark.parametrize("name", FIXED)
async def test_a_hostile_file_is_refused_or_rendered_safely(
    client: httpx.AsyncClient, shop: Shop, name: str
) -> None:
    outcome = await _outcome(client, shop, FIXED[name]())
    if name in REFUSED:
        status, code = REFUSED[name]
        assert (outcome["status"], outcome["type"]) == (status, f"urn:problem:image-{code}")
        assert files_of(shop) == []
        assert (await everything(shop))["images"] == []
    elif name in DAMAGED:
        assert outcome["status"] == "refused"
        assert outcome["reason"].startswith("the image is ")
        assert files_of(shop) == []
    else:
        assert outcome["status"] == "ready", outcome


@pytest.mark.parametrize("name", LARGE)
async def test_the_largest_images_are_accepted(
    client: httpx.AsyncClient, shop: Shop, name: str
) -> None:
    outcome = await _outcome(client, shop, LARGE[name]())
    assert outcome["status"] == "ready"
    assert outcome["renditions"][-1]["width"] == 1_280


async def test_damaged_files_become_images_or_are_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    outcomes = [
        (await _outcome(client, shop, content))["status"]
        for _, content in islice(random_files(seed=3), 40)
    ]
    assert {"ready", "refused"} <= set(outcomes)
    assert (await client.get("/products")).status_code == 200


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_photo_is_rendered_in_its_exif_orientation(
    client: httpx.AsyncClient, shop: Shop, orientation: int
) -> None:
    outcome = await _outcome(client, shop, photo(orientation))
    is_turned = orientation > 4
    assert (outcome["width"], outcome["height"]) == ((32, 64) if is_turned else (64, 32))
    (largest,) = outcome["renditions"]
    with Image.open(BytesIO((await fetch(client, largest["url"])).content)) as opened:
        width, height = opened.size
        left, right = (opened.convert("RGB").getpixel((x, height // 2)) for x in (2, width - 3))
        above, below = (opened.convert("RGB").getpixel((width // 2, y)) for y in (2, height - 3))
    # The side of the red half for each orientation (Exif 2.3, 4.6.4).
    seen = {
        1: above,
        2: above,
        3: below,
        4: below,
        5: left,
        6: right,
        7: right,
        8: left,
    }[orientation]
    assert isinstance(seen, tuple) and seen[0] > 200 and seen[2] < 60


async def test_the_type_of_a_file_is_read_from_its_content_and_not_from_its_header(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    answer = await upload(client, product, photo(), "image/webp")
    assert (answer.status_code, answer.json()["original_type"]) == (202, "image/jpeg")
    await render_all(shop)
    for wrong in ("application/json", "image/svg+xml", "image/gif", "multipart/form-data", ""):
        refused = problem_of(await upload(client, product, photo(), wrong))
        assert refused["type"] == "urn:problem:image-type-refused", wrong

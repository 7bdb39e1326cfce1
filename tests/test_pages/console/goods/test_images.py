"""Pictures are uploaded on the page of a product."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.media.pictures import picture, render_all
from tests.support.tables import everything
from tests.test_pages.browser import Browser

pytestmark = pytest.mark.any_database


async def _upload(
    browser: Browser, product: dict[str, Any], content: bytes, media_type: str, token: str = ""
) -> httpx.Response:
    """Upload a file like the script of the page."""
    at = f"/console/products/{product['id']}"
    await browser.go(at)
    headers = {
        "Content-Type": media_type,
        "Form-Token": token or browser.form(at).fields["_token"],
        "Accept": "*/*",
    }
    assert f'data-upload="{at}/images"' in browser.html
    return await browser.http.post(f"{at}/images", content=content, headers=headers)


async def _images(client: httpx.AsyncClient, product: dict[str, Any]) -> list[Any]:
    found: list[Any] = (await client.get(f"/products/{product['id']}/images?include=all")).json()[
        "items"
    ]
    return found


async def test_a_picture_is_uploaded_described_and_shown(
    packer: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    at = f"/console/products/{product['id']}"
    uploaded = await _upload(packer, product, picture(), "image/png")
    assert uploaded.status_code == 303
    assert uploaded.headers["location"] == f"{at}#images"
    await packer.go(at)
    assert "Being rendered" in packer.text
    await render_all(shop)
    await packer.go(at)
    (image,) = await _images(client, product)
    assert f'src="{image["renditions"][0]["url"]}"' in packer.html
    described = {f"alt.{image['id']}": "A pot of tea"}
    assert (await packer.send(f"{at}/images/{image['id']}", **described)).status_code == 303
    assert [each["alt"] for each in await _images(client, product)] == ["A pot of tea"]
    assert (await packer.send(f"{at}/images/{image['id']}/delete")).status_code == 303
    assert await _images(client, product) == []


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"GIF89a" + bytes(20), "image/gif", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", 415),
        (b"", "image/png", 422),
    ],
    ids=["kind", "content", "nothing"],
)
async def test_a_file_that_is_not_an_image_is_refused_with_the_reason(
    packer: Browser,
    client: httpx.AsyncClient,
    shop: Shop,
    content: bytes,
    media_type: str,
    status: int,
) -> None:
    product = await create_product(client)
    await packer.go(f"/console/products/{product['id']}")
    before = await everything(shop)
    refused = await _upload(packer, product, content, media_type)
    assert refused.status_code == status, refused.text
    # The script shows the reason next to the name of the file.
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert refused.json()["detail"]
    assert await everything(shop) == before


async def test_a_picture_from_another_site_is_refused(
    packer: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    before = await everything(shop)
    assert (await _upload(packer, product, picture(), "image/png", "x")).status_code == 403
    assert await everything(shop) == before

"""The images of products over HTTP: uploaded, rendered, listed, changed, ordered and removed."""

from typing import Any

import httpx
import pytest
from PIL import Image

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.media.pictures import (
    add_image,
    fetch,
    file_of,
    files_of,
    picture,
    render_all,
    upload,
)
from tests.support.refusals import NOTHING, problem_of
from tests.support.tables import everything


async def _images(client: httpx.AsyncClient, product: dict[str, Any], **query: str) -> list[Any]:
    answer = await client.get(f"/products/{product['id']}/images", params=query)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


@pytest.mark.any_database
async def test_an_image_is_uploaded_rendered_and_shown(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    answer = await upload(client, product, picture(), alt="A pot of tea")
    assert answer.status_code == 202
    image = answer.json()
    assert answer.headers["Location"] == f"/api/v1/products/{product['id']}/images/{image['id']}"
    assert image == {
        "id": image["id"],
        "product_id": product["id"],
        "position": 1,
        "alt": "A pot of tea",
        "status": "waiting",
        "width": 900,
        "height": 600,
        "renditions": [],
        "original_type": "image/png",
        "original_bytes": len(picture()),
        "created_at": image["created_at"],
        "version": 1,
    }
    assert await _images(client, product) == []
    assert await _images(client, product, include="all") == [image]
    await render_all(shop)
    (shown,) = await _images(client, product)
    assert shown == image | {
        "status": "ready",
        "colour": "#c80a00",
        "renditions": shown["renditions"],
        "version": 2,
    }
    sizes = [(each["width"], each["height"]) for each in shown["renditions"]]
    assert sizes == [(96, 64), (320, 213), (640, 427), (900, 600)]
    # The original file is deleted.
    assert len(files_of(shop)) == 4


@pytest.mark.any_database
async def test_products_show_their_first_image_in_lists_and_documents(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    listed = (await client.get("/products")).json()["items"]
    assert "image" not in listed[0] and "image" not in product
    first = await add_image(client, shop, product, alt="Red")
    await add_image(client, shop, product, colour=(0, 200, 0), alt="Green")
    path = f"/products/{product['id']}"
    expected = {name: first[name] for name in ("alt", "width", "height", "colour", "renditions")}
    for _ in range(2):
        assert (await client.get(path)).json()["image"] == expected
        (listed,) = (await client.get("/products")).json()["items"]
        assert listed["image"] == expected
    assert (await client.get(path)).json()["version"] == product["version"] + 1
    assert (await client.delete(f"{path}/images/{first['id']}")).status_code == 204
    (listed,) = (await client.get("/products")).json()["items"]
    assert listed["image"]["alt"] == (await client.get(path)).json()["image"]["alt"] == "Green"


@pytest.mark.any_database
async def test_a_repeated_upload_of_a_file_is_the_same_image(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product, other = await create_product(client), await create_product(client)
    first = (await upload(client, product, picture(), alt="Red")).json()
    assert (await upload(client, product, picture(), alt="Blue")).json() == first
    await render_all(shop)
    before = await everything(shop)
    again = await upload(client, product, picture())
    assert again.status_code == 202 and again.json()["status"] == "ready"
    assert await everything(shop) == before
    assert (await upload(client, other, picture())).json()["id"] != first["id"]
    await client.delete(f"/products/{product['id']}/images/{first['id']}")
    assert (await upload(client, product, picture())).json()["id"] != first["id"]


@pytest.mark.any_database
async def test_images_are_changed_and_ordered(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client)
    path = f"/products/{product['id']}/images"
    ids = [
        (await add_image(client, shop, product, colour=(each, 0, 0), alt=str(each)))["id"]
        for each in range(3)
    ]
    changed = await client.patch(f"{path}/{ids[2]}", json={"alt": "last", "position": 1.0})
    assert changed.status_code == 200
    body = changed.json()
    assert (body["alt"], body["position"], body["version"]) == ("last", 1, 3)
    assert [each["id"] for each in await _images(client, product)] == [ids[2], ids[0], ids[1]]
    assert [each["position"] for each in await _images(client, product)] == [1, 2, 3]
    assert (await client.get(f"/products/{product['id']}")).json()["image"]["alt"] == "last"
    ordered = await client.put(f"{path}/order", json={"ids": ids})
    assert [each["id"] for each in ordered.json()["items"]] == ids
    assert await _images(client, product) == ordered.json()["items"]
    stale = await client.patch(
        f"{path}/{ids[2]}", json={"alt": "x"}, headers={"If-Match": changed.headers["etag"]}
    )
    assert problem_of(stale)["type"] == "urn:problem:precondition-failed"
    for wrong in (ids[:2], [*ids, NOTHING], [ids[0]] * 3):
        refused = await client.put(f"{path}/order", json={"ids": wrong})
        assert refused.status_code == 400, wrong


@pytest.mark.any_database
async def test_a_removed_image_leaves_no_files(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client)
    path = f"/products/{product['id']}/images"
    image = await add_image(client, shop, product)
    waiting = (await upload(client, product, picture(colour=(0, 0, 9)))).json()
    for each in (image, waiting):
        assert (await client.delete(f"{path}/{each['id']}")).status_code == 204
        assert (await client.get(f"{path}/{each['id']}")).status_code == 404
        assert (await client.delete(f"{path}/{each['id']}")).status_code == 404
    assert await _images(client, product, include="all") == []
    assert "image" not in (await client.get(f"/products/{product['id']}")).json()
    await render_all(shop)
    assert files_of(shop) == []
    tables = await everything(shop)
    assert (tables["images"], tables["renditions"], tables["errands"]) == ([], [], [])
    assert (await fetch(client, image["renditions"][0]["url"])).status_code == 404


@pytest.mark.any_database
async def test_identical_images_share_no_file(client: httpx.AsyncClient, shop: Shop) -> None:
    product, other = await create_product(client), await create_product(client)
    image, kept = await add_image(client, shop, product), await add_image(client, shop, other)
    await client.delete(f"/products/{product['id']}/images/{image['id']}")
    await render_all(shop)
    for each in kept["renditions"]:
        assert (await fetch(client, each["url"])).status_code == 200


async def test_a_damaged_image_is_refused_with_the_reason(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    noise = file_of(Image.effect_noise((900, 600), 90), "JPEG")
    image = (await upload(client, product, noise[: len(noise) // 2], "image/jpeg")).json()
    assert image["status"] == "waiting"
    await render_all(shop)
    (refused,) = await _images(client, product, include="all")
    assert refused["status"] == "refused"
    assert refused["reason"] == "the image is damaged (OSError)"
    assert (await _images(client, product), files_of(shop)) == ([], [])
    assert (await everything(shop))["errands"] == []


async def test_an_image_is_not_found_without_its_product(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product, other = await create_product(client), await create_product(client)
    image = await add_image(client, shop, product)
    missing = {"id": NOTHING}
    refused = problem_of(await upload(client, missing, picture()))
    assert refused["type"] == "urn:problem:product-not-found"
    for owner, code in ((missing, "product-not-found"), (other, "image-not-found")):
        path = f"/products/{owner['id']}/images/{image['id']}"
        for answer in (
            await client.get(path),
            await client.patch(path, json={"alt": "x"}),
            await client.delete(path),
        ):
            assert problem_of(answer)["type"] == f"urn:problem:{code}"
    listed = await client.get(f"/products/{NOTHING}/images")
    assert problem_of(listed)["type"] == "urn:problem:product-not-found"


@pytest.mark.any_database
async def test_an_archived_product_accepts_no_new_images_and_keeps_its_own(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    await upload(client, product, picture())
    await client.delete(f"/products/{product['id']}")
    await render_all(shop)
    assert len(files_of(shop)) == 4
    assert (await upload(client, product, picture())).status_code == 404


@pytest.mark.any_database
async def test_a_product_has_fifty_images_at_most(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    for number in range(50):
        answer = await upload(client, product, picture(size=(number + 1, 1)))
        assert answer.status_code == 202
    refused = problem_of(await upload(client, product, picture()))
    assert refused["type"] == "urn:problem:too-many-images"
    assert refused["max_images"] == 50

"""A higher price that is shown next to the price of a product or a variant."""

from typing import Any

import httpx
import pytest

from tests.support.factories import create_product
from tests.support.refusals import places_of

SHIRT: dict[str, Any] = {
    "name": "Shirt",
    "sku": "SHIRT-S",
    "price": "20.00",
    "compare_at_price": "25.00",
    "option_values": {"Size": "S"},
    "variants": [{"sku": "SHIRT-M", "option_values": {"Size": "M"}, "compare_at_price": "30"}],
}
PLACE = "#/compare_at_price"


async def shown(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """Return the response to a GET request."""
    response = await client.get(path)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


async def test_a_product_shows_its_compared_price(client: httpx.AsyncClient) -> None:
    product = await create_product(client, price="4.99", compare_at_price="6.99")
    path = f"/products/{product['id']}"
    assert (product["price"], product["compare_at_price"]) == ("4.99", "6.99")
    assert await shown(client, path) == product
    variant = await shown(client, f"/variants/{product['id']}")
    assert (variant["price"], variant["compare_at_price"]) == ("4.99", "6.99")
    changed = (await client.patch(path, json={"compare_at_price": None})).json()
    assert "compare_at_price" not in changed
    assert "compare_at_price" not in await shown(client, f"/variants/{product['id']}")


async def test_each_variant_has_its_own_compared_price(client: httpx.AsyncClient) -> None:
    shirt = await create_product(client, **SHIRT)
    assert "compare_at_price" not in shirt
    assert [each["compare_at_price"] for each in shirt["variants"]] == ["25.00", "30.00"]
    medium = f"/variants/{shirt['variants'][1]['id']}"
    both = {"price": "30.00", "compare_at_price": "35.00"}
    assert both.items() <= (await client.patch(medium, json=both)).json().items()
    small, other = (await shown(client, f"/products/{shirt['id']}"))["variants"]
    assert (small["compare_at_price"], other["compare_at_price"]) == ("25.00", "35.00")


@pytest.mark.parametrize(("price", "kept"), [("6.98", "6.99"), ("6.99", None), ("7.00", None)])
async def test_a_price_that_reaches_the_compared_price_removes_it(
    client: httpx.AsyncClient, price: str, kept: str | None
) -> None:
    product = await create_product(client, price="4.99", compare_at_price="6.99")
    changed = await client.patch(f"/products/{product['id']}", json={"price": price})
    assert changed.status_code == 200
    assert changed.json().get("compare_at_price") == kept


async def test_a_compared_price_that_is_not_higher_is_refused(client: httpx.AsyncClient) -> None:
    product = await create_product(client, price="4.99")
    for path in ("products", "variants"):
        for compare_at in ("4.99", "0"):
            answer = await client.patch(
                f"/{path}/{product['id']}", json={"compare_at_price": compare_at}
            )
            assert places_of(answer.json()) == {PLACE: "must be more than the price"}
    assert await shown(client, f"/products/{product['id']}") == product


async def test_a_new_variant_is_refused_with_the_place_of_its_price(
    client: httpx.AsyncClient,
) -> None:
    shirt = await create_product(client, **SHIRT)
    large = {"sku": "SHIRT-L", "option_values": {"Size": "L"}, "compare_at_price": "20.00"}
    answer = await client.post(f"/products/{shirt['id']}/variants", json=large)
    assert list(places_of(answer.json())) == [PLACE]
    again = SHIRT | {"sku": "B", "category": "Clothes", "variants": [large]}
    answer = await client.post("/products", json=again)
    assert list(places_of(answer.json())) == ["#/variants/0/compare_at_price"]
    answer = await client.post("/products", json=again | {"price": "25.00", "variants": []})
    assert list(places_of(answer.json())) == [PLACE]

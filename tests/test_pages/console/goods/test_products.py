"""The pages of products of the console."""

import httpx
import pytest

from tests.support.factories import create_product
from tests.test_pages.browser import Browser

pytestmark = pytest.mark.any_database


async def test_the_list_has_filters_and_shows_products_that_are_not_for_sale(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    await create_product(client, name="Earl Grey", sku="EG", price="1234.50", stock_quantity=7)
    await create_product(client, name="Old blend", sku="OLD", is_active=False, stock_quantity=0)
    await packer.go("/console/products")
    assert "2 products on this page" in packer.text
    assert "Earl Grey EG Tea $1,234.50 7" in packer.text
    assert "Old blend OLD Tea $4.99 0 Not for sale" in packer.text
    await packer.go("/console/products?q=&category=&in_stock=true&active=")
    assert "Earl Grey" in packer.text and "Old blend" not in packer.text
    await packer.go("/console/products?active=false")
    assert "Old blend" in packer.text and "Earl Grey" not in packer.text
    await packer.go("/console/products?q=coffee")
    assert "No product fits" in packer.text and 'value="coffee"' in packer.page.text


async def test_an_empty_list_links_to_a_new_product(packer: Browser) -> None:
    await packer.go("/console/products")
    assert "No products yet" in packer.text
    assert 'href="/console/products/new">New product</a>' in packer.page.text


_NEW = {
    "name": "Shirt",
    "sku": "SHIRT",
    "category": "Clothes",
    "price": "19.90",
    "options.0.name": "Colour",
    "options.0.values": "Red, Blue",
    "options.1.name": "Size",
    "options.1.values": "S, M, L",
}


async def test_one_form_adds_a_product_with_six_variants_and_a_grid_changes_them(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    await packer.go("/console/products/new")
    sent = await packer.send("/console/products/new", **_NEW)
    assert sent.status_code == 303, packer.text
    product = (await client.get(sent.headers["location"].replace("/console", ""))).json()
    assert [each["option_values"] for each in product["variants"]] == [
        {"Colour": colour, "Size": size} for colour in ("Red", "Blue") for size in ("S", "M", "L")
    ]
    assert "6 variants" in packer.text
    at = f"/console/products/{product['id']}/variants"
    fields = {"variants.1.price": "21.00", "variants.5.stock_quantity": "12"}
    assert (await packer.send(at, **fields)).status_code == 303, packer.text
    variants = (await client.get(f"/products/{product['id']}")).json()["variants"]
    assert [each["price"] for each in variants] == ["19.90", "21.00"] + ["19.90"] * 4
    assert [each["stock_quantity"] for each in variants] == [0, 0, 0, 0, 0, 12]


async def test_a_refused_product_keeps_the_typed_values(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    await packer.go("/console/products/new")
    sent = await packer.send("/console/products/new", **(_NEW | {"price": "much"}))
    assert sent.status_code == 400
    assert 'value="much"' in sent.text and 'value="Red, Blue"' in sent.text
    assert '<a href="#price">Price</a>' in sent.text
    assert (await client.get("/products")).json()["items"] == []


async def test_a_conflict_shows_current_values_and_one_save_resolves_it(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    product = await create_product(client, name="Tea")
    at = f"/console/products/{product['id']}"
    await packer.go(at)
    await client.patch(f"/products/{product['id']}", json={"name": "Green tea"})
    sent = await packer.send(at, name="Black tea")
    assert sent.status_code == 412
    assert 'value="Black tea"' in sent.text
    assert "The name is now Green tea" in packer.text
    assert (await client.get(f"/products/{product['id']}")).json()["name"] == "Green tea"
    assert (await packer.send(at)).status_code == 303
    assert (await client.get(f"/products/{product['id']}")).json()["name"] == "Black tea"


async def test_a_wrong_cell_of_the_grid_names_its_variant_and_changes_nothing(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    product = await create_product(client, sku="TEA", price="4.99")
    at = f"/console/products/{product['id']}"
    await packer.go(at)
    sent = await packer.send(f"{at}/variants", **{"variants.0.price": "-1"})
    assert sent.status_code == 400
    assert '<a href="#variants.0.price">TEA: price</a>' in sent.text
    assert 'value="-1"' in sent.text
    assert (await client.get(f"/products/{product['id']}")).json()["price"] == "4.99"


async def test_a_product_is_deactivated_gets_an_option_and_is_archived(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    product = await create_product(client)
    at = f"/console/products/{product['id']}"
    await packer.go(at)
    fields = {"options.0.name": "Size", "options.0.value": "S"}
    assert (await packer.send(f"{at}/options", **fields)).status_code == 303, packer.text
    fields = {"further.0.values": "S, M"}
    assert (await packer.send(f"{at}/missing", **fields)).status_code == 303, packer.text
    assert "2 variants" in packer.text
    own = {"_token": packer.form(at).fields["_token"], "is_active": "false"}
    assert (await packer.http.post(at, data=own)).status_code == 303
    assert (await client.get(f"/products/{product['id']}")).json()["is_active"] is False
    await packer.go(at)
    assert (await packer.send(f"{at}/archive")).status_code == 303
    assert (await client.get(f"/products/{product['id']}")).status_code == 404

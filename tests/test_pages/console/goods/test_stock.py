"""The pages of stock of the console."""

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.queries import plan_of, statements_of
from tests.test_pages.browser import Browser


@pytest.mark.any_database
async def test_the_list_has_low_variants_and_links_to_all(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    await packer.go("/console/stock")
    assert "Nothing is low" in packer.text
    await create_product(client, sku="MANY", stock_quantity=900)
    await create_product(client, sku="NONE", stock_quantity=0)
    await packer.go("/console/stock")
    assert "NONE 0 shop default Out of stock" in packer.text and "MANY" not in packer.text
    await packer.go("/console/stock?sku=MANY")
    assert "MANY 900" in packer.text and "NONE" not in packer.text


@pytest.mark.any_database
async def test_a_delivery_and_a_count_are_shown_as_movements(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    product = await create_product(client, stock_quantity=10)
    at = f"/console/stock/{product['id']}"
    await packer.go(at)
    sent = await packer.send(f"{at}/receive", units="25", note="DN-2041")
    assert sent.status_code == 303 and "35 units in stock" in packer.text
    assert "+25 Supply DN-2041" in packer.text
    assert (await packer.send(f"{at}/correct", counted="33")).status_code == 303
    assert "33 units in stock" in packer.text and "−2 Stocktake user " in packer.text
    shown = (await client.get(f"/products/{product['id']}")).json()
    assert shown["stock_quantity"] == 33


async def test_a_count_is_refused_if_the_stock_has_changed_meanwhile(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    product = await create_product(client, stock_quantity=10)
    at = f"/console/stock/{product['id']}"
    await packer.go(at)
    moved = {"quantity": -3, "reason": "damage"}
    await client.post(f"/products/{product['id']}/stock", json=moved)
    sent = await packer.send(f"{at}/correct", counted="9")
    assert sent.status_code == 412 and "it is now 7" in packer.text
    assert 'id="counted" name="counted" type="text"' in sent.text and 'value="9"' in sent.text
    assert (await client.get(f"/products/{product['id']}")).json()["stock_quantity"] == 7
    assert (await packer.send(f"{at}/correct", counted="9")).status_code == 303
    assert (await client.get(f"/products/{product['id']}")).json()["stock_quantity"] == 9


@pytest.mark.any_database
async def test_a_delivery_of_no_units_changes_nothing(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    product = await create_product(client, stock_quantity=10)
    at = f"/console/stock/{product['id']}"
    await packer.go(at)
    sent = await packer.send(f"{at}/receive", units="0", note="DN-1")
    assert sent.status_code == 400
    assert '<a href="#units">Units received</a>' in sent.text and 'value="DN-1"' in sent.text
    assert (await client.get(f"/products/{product['id']}")).json()["stock_quantity"] == 10


async def test_variants_with_low_stock_are_counted_by_an_index(packer: Browser, shop: Shop) -> None:
    with statements_of(shop) as statements:
        await packer.go("/console")
    assert "0 variants low in stock" in packer.text
    (low,) = [each for each in statements if "low_since IS NOT NULL" in each.sql]
    plan = await plan_of(shop, low, "seqscan", "bitmapscan", "sort")
    assert "ix_variants_low_since" in plan, plan

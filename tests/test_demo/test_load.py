"""The extract of real data fills an empty shop once."""

import csv
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.demo import load as demo_data
from app.demo.load import fill_with_demo
from app.jobs.errands.demo_pictures import DEMO_PICTURE
from app.jobs.errands.handlers import HANDLERS
from app.models import Errand
from app.settings import InvalidSettings
from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.factories import create_product
from tests.support.ledger import every
from tests.support.processes import serving

FOLDER = Path(demo_data.__file__).parent
LAST_WEEKS = "2017-12-03T23:07:37+00:00"


def rows_of(kind: str) -> list[dict[str, str]]:
    """Return the rows of a file of the extract."""
    with (FOLDER / f"{kind}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def taken_now(orders: list[dict[str, Any]]) -> int:
    """Return the units of orders that were placed, not imported, and are not cancelled."""
    placed = sorted(orders, key=lambda each: each["number"])[2_571:]
    return sum(each["units"] for each in placed if each["status"] != "cancelled")


async def test_an_empty_shop_is_filled_completely_and_once(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    products, users, lines = rows_of("products"), rows_of("users"), rows_of("orders")
    assert (len(products), len(users), len(lines)) == (678, 130, 10_825)
    assert await fill_with_demo(shop)
    ordered = sum(int(line["quantity"]) for line in lines)
    recent = [line for line in lines if line["placed_at"] > LAST_WEEKS]
    supplied = sum(int(product["stock_quantity"]) for product in products)
    for _ in range(2):
        variants = await every(client, "/variants")
        stock = {each["sku"]: each["stock_quantity"] for each in variants}
        everything = await every(client, "/orders")
        # On PostgreSQL, the numbers of orders continue those of other tests.
        everything.sort(key=lambda each: each["number"])
        orders, moved = everything[:2_400], everything[2_400:2_571]
        assert set(stock) == {product["sku"] for product in products}
        assert sum(stock.values()) == supplied - ordered - taken_now(everything)
        assert len(await every(client, "/products")) == len(
            {row["product_sku"] for row in products}
        )
        assert len(await every(client, "/users")) == len(users)
        assert len(orders) == len({line["reference"] for line in lines})
        assert sum(order["units"] for order in orders) == ordered
        assert len(moved) == len({line["reference"] for line in recent}) == 171
        assert sum(each["units"] for each in moved) == sum(int(line["quantity"]) for line in recent)
        assert not await fill_with_demo(shop)


@pytest.mark.any_database
async def test_each_product_gets_a_picture(shop: Shop, client: httpx.AsyncClient) -> None:
    assert await fill_with_demo(shop)
    (example,) = await every(client, "/products", sku="1058997")
    assert [each["width"] for each in example["image"]["renditions"]] == [96, 320, 640]
    shown = await client.get(f"http://shop.test{example['image']['renditions'][0]['url']}")
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")
    async with shop.database.read() as session:
        waiting = list(
            await session.scalars(select(Errand.subject_id).where(Errand.kind == DEMO_PICTURE))
        )
    products = {each["id"] for each in await every(client, "/products")}
    assert {str(each) for each in waiting} == products - {example["id"]}
    await HANDLERS[DEMO_PICTURE](shop, waiting[0])
    (image,) = (
        await client.get(f"/products/{waiting[0]}/images", params={"include": "all"})
    ).json()["items"]
    assert (image["width"], image["height"], image["status"]) == (640, 640, "waiting")


@pytest.mark.any_database
async def test_a_currency_with_too_few_decimal_places_is_refused(
    shop: Shop, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = shop.settings.model_copy(update={"shop_currency": "JPY"})
    monkeypatch.setattr(shop, "settings", settings)
    with pytest.raises(InvalidSettings, match="SHOP_CURRENCY=JPY has fewer decimal places"):
        await fill_with_demo(shop)
    assert await every(client, "/products") == []


@pytest.mark.any_database
async def test_a_shop_in_use_is_left_as_it_is(shop: Shop, client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    assert not await fill_with_demo(shop)
    assert [each["id"] for each in await every(client, "/products")] == [product["id"]]
    assert await every(client, "/users") == []


@pytest.mark.any_database
async def test_a_shop_whose_products_are_all_archived_is_in_use(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    product = await create_product(client)
    assert (await client.delete(f"/products/{product['id']}")).status_code == 204
    assert not await fill_with_demo(shop)
    assert await every(client, "/products") == []


def test_the_option_demo_fills_the_shop_before_it_serves(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    with serving(settings, tmp_path, "--demo") as shop:
        page = httpx.get(f"{shop.url}/api/v1/products?limit=100").json()
        assert len(page["items"]) == 100
        assert page["next"] is not None
        assert shop.stop()[0] == 0

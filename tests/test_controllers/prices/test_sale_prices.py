"""The lowest applicable price is used, in products, lists and orders."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.messaging.pipeline import Pipeline
from app.models import Order
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user, place_order
from tests.test_controllers.prices.lists import (
    DAY,
    HOUR,
    in_time,
    listed,
    make_list,
    set_prices,
    shown,
)
from tests.test_messaging.deliveries import message

RUNNING = {"starts_in": -DAY, "ends_in": DAY}
OVER = {"starts_in": -DAY, "ends_in": -HOUR}
AHEAD = {"starts_in": HOUR, "ends_in": DAY}
ALWAYS: dict[str, Any] = {}
# The price lists, and the expected price with its source; the product costs 10.00.
CASES: list[tuple[list[dict[str, Any]], str, str | None]] = [
    ([], "10.00", None),
    ([{"price": "8.00", **RUNNING}], "8.00", "a"),
    ([{"price": "8.00", **ALWAYS}], "8.00", "a"),
    ([{"price": "8.00", **OVER}], "10.00", None),
    ([{"price": "8.00", **AHEAD}], "10.00", None),
    ([{"price": "8.00", **RUNNING, "is_active": False}], "10.00", None),
    ([{"price": "12.00", **RUNNING}], "10.00", None),
    ([{"price": "10.00", **RUNNING}], "10.00", None),
    ([{"price": "0.00", **RUNNING}], "0.00", "a"),
    ([{"price": "8.00", **RUNNING}, {"price": "7.00", **RUNNING}], "7.00", "b"),
    ([{"price": "7.00", **RUNNING}, {"price": "8.00", **RUNNING}], "7.00", "a"),
    ([{"price": "8.00", **RUNNING}, {"price": "8.00", **ALWAYS}], "8.00", "a"),
    ([{"price": "8.00", **RUNNING}, {"price": "7.00", **OVER}], "8.00", "a"),
    ([{"price": "8.00", **RUNNING}, {"price": "7.00", **AHEAD}], "8.00", "a"),
    ([{"price": "6.00", **OVER}, {"price": "7.00", **AHEAD}], "10.00", None),
]


@pytest.mark.parametrize(("lists", "price", "source"), CASES)
async def test_the_lowest_applicable_price_is_used_everywhere(
    client: httpx.AsyncClient,
    shop: Shop,
    lists: list[dict[str, Any]],
    price: str,
    source: str | None,
) -> None:
    product = await create_product(client, price="10.00", stock_quantity=5)
    user = await create_user(client)
    for code, each in zip("ab", lists):
        its = dict(each)
        await make_list(client, shop, {product["id"]: its.pop("price")}, code=code, **its)
    read = await shown(client, f"/products/{product['id']}")
    variant = await shown(client, f"/variants/{product['id']}")
    (item,) = await listed(client)
    for document in (read, variant, item):
        assert (document["price"], document.get("price_source")) == (price, source)
    for document in (read, variant):
        assert document.get("base_price") == (source and "10.00")
    order = await place_order(client, user["id"], {product["id"]: 2})
    assert order["items"][0]["unit_price"] == price


async def test_a_sale_begins_and_ends_on_time(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client, price="10.00", stock_quantity=9)
    other = await create_product(client, price="9.00", sku="OTHER")
    user = await create_user(client)
    await make_list(client, shop, {product["id"]: "8.00"}, starts_in=HOUR, ends_in=2 * HOUR)
    moment = timedelta(seconds=30)

    async def prices() -> list[str]:
        read = await shown(client, f"/products/{product['id']}")
        by_price = await listed(client, sort="price")
        (its,) = [each for each in by_price if each["id"] == product["id"]]
        cheap = await listed(client, max_price="8.50")
        assert [each["id"] for each in cheap] == ([product["id"]] if its["price"] == "8.00" else [])
        order = await place_order(client, user["id"], {product["id"]: 1})
        first = "this" if by_price[0]["id"] == product["id"] else "other"
        return [read["price"], its["price"], order["items"][0]["unit_price"], first]

    dear, cheap = ["10.00", "10.00", "10.00", "other"], ["8.00", "8.00", "8.00", "this"]
    assert await prices() == dear
    async with in_time(shop, HOUR - moment):
        assert await prices() == dear
    async with in_time(shop, HOUR + moment):
        assert await prices() == cheap
    async with in_time(shop, 2 * HOUR - moment):
        assert await prices() == cheap
    async with in_time(shop, 2 * HOUR):
        assert await prices() == dear
    assert await shown(client, f"/products/{other['id']}") == other


async def test_a_sale_price_is_shown_with_the_ordinary_or_its_own_compared_price(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    plain = await create_product(client, price="10.00")
    own = await create_product(client, price="10.00", compare_at_price="15.00")
    rows = {plain["id"]: "8.00", own["id"]: {"amount": "8.00", "compare_at_price": "12.00"}}
    await make_list(client, shop, rows)
    found = {each["id"]: each for each in await listed(client)}
    for product, beside in ((plain, "10.00"), (own, "12.00")):
        read = await shown(client, f"/products/{product['id']}")
        assert read["compare_at_price"] == beside
        assert found[product["id"]]["compare_at_price"] == beside


async def test_a_product_shows_the_lowest_price_of_its_variants(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    shirt = await create_product(
        client,
        price="20.00",
        option_values={"Size": "S"},
        variants=[
            {"sku": "M", "option_values": {"Size": "M"}, "price": "22.00"},
            {"sku": "L", "option_values": {"Size": "L"}, "price": "24.00"},
        ],
    )
    large = shirt["variants"][2]["id"]
    await make_list(client, shop, {large: "18.00"}, code="sale")
    read = await shown(client, f"/products/{shirt['id']}")
    assert [each["price"] for each in read["variants"]] == ["20.00", "22.00", "18.00"]
    assert [each.get("price_source") for each in read["variants"]] == [None, None, "sale"]
    (item,) = await listed(client)
    for document in (read, item):
        assert (document["price"], document["price_source"]) == ("18.00", "sale")
    # A variant that is not for sale has no price to be shown.
    await client.patch(f"/variants/{large}", json={"is_active": False})
    (item,) = await listed(client)
    assert (item["price"], item.get("price_source")) == ("20.00", None)


async def test_a_set_or_removed_price_takes_effect_at_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00")
    path = f"/products/{product['id']}"
    sale = await make_list(client, shop, {})
    for amount, price in (("8.00", "8.00"), ("9.00", "9.00"), (None, "10.00")):
        await set_prices(client, sale, {product["id"]: amount})
        (item,) = await listed(client)
        assert (await shown(client, path))["price"] == item["price"] == price


async def test_a_changed_or_deleted_list_takes_effect_at_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00")
    path = f"/products/{product['id']}"
    sale = await make_list(client, shop, {product["id"]: "8.00"})
    own = f"/price-lists/{sale['id']}"
    over = (shop.clock.now() - HOUR).isoformat()

    async def price() -> str:
        (item,) = await listed(client, sort="price")
        read = await shown(client, path)
        assert read["price"] == item["price"]
        its: str = read["price"]
        return its

    assert await price() == "8.00"
    for change, expected in (
        ({"is_active": False}, "10.00"),
        ({"is_active": True}, "8.00"),
        ({"ends_at": over}, "10.00"),
        ({"ends_at": None}, "8.00"),
        ({"name": "Other"}, "8.00"),
    ):
        assert (await client.patch(own, json=change)).status_code == 200
        assert await price() == expected
    assert (await client.delete(own)).status_code == 204
    assert await price() == "10.00"
    assert (await client.get(own)).status_code == 404


async def test_the_price_of_a_product_can_change_during_a_sale(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00")
    path = f"/products/{product['id']}"
    await make_list(client, shop, {product["id"]: "8.00"}, code="sale")
    response = await client.get(path)
    changed = await client.patch(
        path, json={"price": "9.00"}, headers={"If-Match": response.headers["ETag"]}
    )
    document = changed.json()
    assert (document["price"], document["base_price"]) == ("8.00", "9.00")
    assert document["compare_at_price"] == "9.00"
    assert document == await shown(client, path)
    cheaper = (await client.patch(path, json={"price": "7.00"})).json()
    assert (cheaper["price"], cheaper.get("price_source")) == ("7.00", None)
    (item,) = await listed(client)
    assert item["price"] == "7.00"


async def test_an_order_of_the_queue_has_the_price_of_its_time(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00", stock_quantity=9)
    user = await create_user(client)
    await make_list(client, shop, {product["id"]: "8.00"}, starts_in=HOUR, ends_in=2 * HOUR)
    items = [{"product_id": product["id"], "quantity": 2}]

    async def total() -> int:
        sent = message("order", {"user_id": user["id"], "items": items})
        await Pipeline(shop).process([sent])
        async with shop.database.read() as session:
            newest = select(Order.total_minor).order_by(Order.number.desc()).limit(1)
            return (await session.scalars(newest)).one()

    assert await total() == 2_000
    async with in_time(shop, HOUR):
        assert await total() == 1_600
    async with in_time(shop, 2 * HOUR):
        assert await total() == 2_000


async def test_a_buyer_pays_the_price_of_each_variant(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    shirt = await create_product(
        client,
        price="20.00",
        stock_quantity=5,
        option_values={"Size": "S"},
        variants=[{"sku": "M", "option_values": {"Size": "M"}, "stock_quantity": 5}],
    )
    small, medium = (each["id"] for each in shirt["variants"])
    user = await create_user(client)
    await make_list(client, shop, {medium: "15.00"})
    items = [{"variant_id": small, "quantity": 1}, {"variant_id": medium, "quantity": 2}]
    order = (await client.post("/orders", json={"user_id": user["id"], "items": items})).json()
    assert [each["unit_price"] for each in order["items"]] == ["20.00", "15.00"]
    assert order["total"] == "50.00"
    # The order keeps its price.
    await set_prices(client, await make_list(client, shop, {}), {small: "1.00"})
    assert (await shown(client, f"/orders/{order['id']}"))["total"] == "50.00"

"""A filled demo shop has recent orders, products in several sizes, and shipping methods."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from app.core.countries import Place
from app.demo.load import fill_with_demo
from app.services.shipping.shipping_service import Parcel
from app.wiring.areas.shipping import provide_shipping
from app.wiring.resources import Shop
from tests.conftest import client_of, empty
from tests.support.ledger import every
from tests.support.tables import everything

pytestmark = pytest.mark.any_database

STATES = 11


@dataclass(frozen=True)
class Filled:
    """A filled shop, and the time when the filling began."""

    shop: Shop
    began_at: datetime


@pytest_asyncio.fixture(name="filled", scope="module", loop_scope="session")
async def filled_shop(app: Litestar) -> AsyncIterator[Filled]:
    """The shop, filled once for all tests of the module, which only read it."""
    shop: Shop = app.state.shop
    began_at = shop.clock.now()
    assert await fill_with_demo(shop)
    yield Filled(shop, began_at)
    await empty(shop)


@pytest_asyncio.fixture(name="reader", loop_scope="session")
async def client_of_it(
    app: Litestar, filled: Filled  # pylint: disable=unused-argument  # it fills the shop
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the filled shop."""
    async with client_of(app) as its:
        yield its


async def placed_now(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return the orders that were placed while the shop was filled, the oldest first."""
    ordered = sorted(await every(client, "/orders"), key=lambda each: each["number"])[-STATES:]
    return [(await client.get(f"/orders/{each['id']}")).json() for each in ordered]


async def test_there_are_orders_of_the_last_four_weeks_and_of_every_state(
    filled: Filled, reader: httpx.AsyncClient
) -> None:
    orders = await placed_now(reader)
    assert [each["status"] for each in orders] == [
        *("pending", "cancelled", "paid", "paid", "paid", "paid", "paid"),
        *("shipped", "delivered", "delivered", "paid"),
    ]
    assert {each["delivery_address"]["country"] for each in orders} == {"US"}
    parcels = [(await reader.get(f"/orders/{each['id']}/shipments")).json() for each in orders]
    assert [[one["status"] for one in each["items"]] for each in parcels] == [
        *([], [], [], [], [], ["packed"], ["packed"]),
        *(["shipped"], ["delivered"], ["delivered"], []),
    ]
    (asked,) = (await reader.get(f"/orders/{orders[9]['id']}/returns")).json()["items"]
    assert (asked["status"], asked["reason"], asked["customer_note"]) == (
        *("requested", "damaged", "It leaks."),
    )
    assert [each.get("refunded", "0.00") for each in orders] == ["0.00"] * 3 + ["1.00"] + [
        "0.00"
    ] * 7
    (attention,) = (await reader.get("/payments?needs_attention=true")).json()["items"]
    assert (attention["order_id"], attention["attention"]) == (orders[2]["id"], "refund_by_hand")
    (paid,) = (await reader.get(f"/orders/{orders[10]['id']}/payments")).json()["payments"]
    assert (paid["provider"], paid["captured"]) == ("test", orders[10]["total"])
    # The newest imported order is at most a day old: the four weeks are within 29 days.
    bounds = {
        "placed_from": (filled.began_at - timedelta(days=29)).isoformat(),
        "placed_before": filled.began_at.isoformat(),
        "count": "true",
    }
    assert (await reader.get("/orders", params=bounds)).json()["total"] == 171
    days = {each["created_at"][:10] for each in await every(reader, "/orders", **bounds)}
    assert len(days) >= 27


@pytest.mark.any_database
async def test_a_product_in_several_sizes_is_in_the_tree_of_departments(
    reader: httpx.AsyncClient,
) -> None:
    page = (await reader.get("/products", params={"q": "eggs large", "category": "Grocery"})).json()
    (found,) = (each for each in page["items"] if each["variants_count"] == 3)
    product = (await reader.get(f"/products/{found['id']}")).json()
    sizes = [each["option_values"]["Size"] for each in product["variants"]]
    assert sizes == ["6 ct", "1 dz", "18 ct"]
    prices = [float(each["price"]) for each in product["variants"]]
    assert prices == sorted(prices)
    tree = (await reader.get("/categories")).json()["items"]
    (eggs,) = (each for each in tree if each["name"] == product["category"])
    assert eggs["path"] == "grocery/eggs/"


async def test_the_demo_shop_has_shipping_that_is_free_from_a_price_on_and_a_pick_up(
    filled: Filled, reader: httpx.AsyncClient
) -> None:
    shop = filled.shop
    before = await everything(shop)
    assert not await fill_with_demo(shop)
    assert await everything(shop) == before
    items = (await reader.get("/shipping-methods")).json()["items"]
    assert [(each["name"], each["is_pickup"]) for each in items] == [
        ("Standard", False),
        ("Pick-up", True),
    ]
    async with shop.database.read() as session:
        shipping = provide_shipping(session, shop)
        for subtotal, expected in ((3_499, [490, 0]), (3_500, [0, 0])):
            parcel = Parcel("USD", 1_000, subtotal, subtotal)
            found = await shipping.methods_for(Place("DE"), parcel)
            assert [each.price_minor for each in found] == expected

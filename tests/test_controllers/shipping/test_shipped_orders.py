"""Orders with a shipping method: its price, its tax, and its refusals."""

from typing import Any

import httpx
import pytest

from app.messaging.pipeline import Pipeline
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.refusals import ADDRESS, problem_of
from tests.test_controllers.shipping.test_shipping_methods import add_method
from tests.test_controllers.taxes.test_tax_rates import add_rate
from tests.test_messaging.deliveries import message

BERLIN = ADDRESS | {"country": "DE", "region": "", "city": "Berlin", "postal_code": "10115"}
NOWHERE = "0199a1b2-7c00-7d00-8e00-0123456789ab"


async def order(
    client: httpx.AsyncClient, product: dict[str, Any], method_id: str, **fields: Any
) -> httpx.Response:
    """Place an order of one unit of a product, shipped by a method."""
    user = await create_user(client)
    body = {
        "user_id": user["id"],
        "items": [{"product_id": product["id"], "quantity": 1}],
        "delivery_address": BERLIN,
        "shipping_method_id": method_id,
    }
    return await client.post("/orders", json=body | fields)


@pytest.mark.any_database
async def test_shipping_is_added_to_the_total_and_kept_in_the_order(
    client: httpx.AsyncClient,
) -> None:
    method = await add_method(client)
    cup = await create_product(client, price="12.50", weight_grams=400)
    placed = (await order(client, cup, method["id"])).json()
    assert (placed["total"], placed["shipping"], "tax" in placed) == ("17.40", "4.90", False)
    chosen = {"id": method["id"], "name": "Standard", "carrier": "DHL"}
    assert placed["shipping_method"] == chosen
    await client.delete(f"/shipping-methods/{method['id']}")
    assert (await client.get(f"/orders/{placed['id']}")).json() == placed
    listed = (await client.get("/orders")).json()["items"][0]
    assert (listed["total"], listed["shipping"]) == ("17.40", "4.90")


@pytest.mark.any_database
async def test_weight_and_price_of_the_goods_choose_the_rate(client: httpx.AsyncClient) -> None:
    method = await add_method(client)
    heavy = await create_product(client, price="12.50", weight_grams=5_000)
    dear = await create_product(client, price="50.00")
    assert (await order(client, heavy, method["id"])).json()["shipping"] == "9.90"
    free = (await order(client, dear, method["id"])).json()
    assert ("shipping" in free, free["total"]) == (False, "50.00")
    assert free["shipping_method"]["name"] == "Standard"


@pytest.mark.any_database
async def test_shipping_is_taxed_by_its_class_or_like_the_goods(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_rate(client)
    await add_rate(client, tax_class="reduced", rate="7")
    tea = await create_product(client, price="10.70", tax_class="reduced")
    settings = shop.settings.model_copy(update={"tax_origin": "DE"})
    monkeypatch.setattr(shop, "settings", settings)
    for tax_class, taxes in (
        (None, [("7", "14.58", "1.02")]),
        ("standard", [("19", "4.12", "0.78"), ("7", "10.00", "0.70")]),
    ):
        method = await add_method(client, tax_class=tax_class)
        placed = (await order(client, tea, method["id"])).json()
        assert placed["total"] == "15.60"
        assert [(each["rate"], each["net"], each["tax"]) for each in placed["taxes"]] == taxes


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("method", "weight", "address"),
    [
        ({"is_active": False}, 400, BERLIN),
        ({"countries": ["FR"]}, 400, BERLIN),
        ({"excluded_postal_prefixes": ["101"]}, 400, BERLIN),
        ({"max_weight_grams": 399}, 400, BERLIN),
        ({"rates": []}, 400, BERLIN),
        ({}, 400, None),
    ],
)
async def test_an_order_that_a_method_does_not_ship_is_refused_and_takes_nothing(
    client: httpx.AsyncClient, method: dict[str, Any], weight: int, address: Any
) -> None:
    unfit = await add_method(client, **method)
    cup = await create_product(client, weight_grams=weight, stock_quantity=3)
    response = await order(client, cup, unfit["id"], delivery_address=address)
    problem = problem_of(response)
    assert (response.status_code, problem["type"][-20:]) == (409, "shipping-method-unfit"[-20:])
    assert problem["shipping_method_id"] == unfit["id"]
    assert (await client.get(f"/products/{cup['id']}")).json()["stock_quantity"] == 3
    assert (await client.get("/orders")).json()["items"] == []


@pytest.mark.any_database
async def test_a_pick_up_needs_no_address(client: httpx.AsyncClient) -> None:
    free = [{"currency": "USD", "amount": "0.00"}]
    method = await add_method(client, is_pickup=True, rates=free, name="Pick-up")
    cup = await create_product(client)
    placed = await order(client, cup, method["id"], delivery_address=None)
    assert placed.json()["shipping_method"]["name"] == "Pick-up"


async def test_a_method_that_does_not_exist_is_not_found(client: httpx.AsyncClient) -> None:
    response = await order(client, await create_product(client), NOWHERE)
    assert response.status_code == 404
    assert problem_of(response)["type"].endswith("shipping-method-not-found")


@pytest.mark.any_database
async def test_orders_of_the_queue_are_shipped_too(client: httpx.AsyncClient, shop: Shop) -> None:
    method = await add_method(client)
    cup, user = await create_product(client, price="12.50"), await create_user(client)
    body = {"user_id": user["id"], "items": [{"product_id": cup["id"], "quantity": 2}]}
    own = {"delivery_address": BERLIN, "shipping_method_id": method["id"]}
    await Pipeline(shop).process([message("order", body | own), message("order", body)])
    totals = [each["total"] for each in (await client.get("/orders?sort=number")).json()["items"]]
    assert totals == ["29.90", "25.00"]

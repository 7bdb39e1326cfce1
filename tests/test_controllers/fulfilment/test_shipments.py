"""Orders are shipped in parts: each unit once, and the status of the order follows."""

import asyncio

import httpx
import pytest
from sqlalchemy import select, text

from app.models import Order, OrderStatus
from app.wiring.resources import Shop
from tests.support.accounts import mails_of, someone
from tests.support.factories import create_product, place_order
from tests.support.ledger import every
from tests.support.machines import NAME
from tests.support.queries import statements_of
from tests.support.tables import everything
from tests.test_controllers.carts.setting import guest
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_controllers.fulfilment.setting import (
    answered,
    code_of,
    lines_of,
    move,
    moved,
    order_of,
    pack,
    paid_order,
    shipments_of,
    states_of,
    try_pack,
)
from tests.test_controllers.shipping.test_shipping_methods import add_method

CARRIERS = {"DHL": "https://www.example.com/track?id={number}&lang=en"}


@pytest.fixture(name="tracked")
def with_carriers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the shop a carrier whose shipments can be tracked."""
    changed = shop.settings.model_copy(update={"carriers": CARRIERS})
    monkeypatch.setattr(shop, "settings", changed)


async def test_a_shipment_has_its_units(
    client: httpx.AsyncClient, tracked: None  # pylint: disable=unused-argument
) -> None:
    order = await paid_order(client, 3, 2)
    first, second = order["items"]
    response = await try_pack(
        client, order, 1, 2, carrier="dhl", tracking_number="00 34/ä", note="Two parcels."
    )
    packed = answered(response, 201)
    assert response.headers["Location"] == f"/api/v1/shipments/{packed['id']}"
    assert packed == {
        "id": packed["id"],
        "order_id": order["id"],
        "number": f"{order['number']}-1",
        "status": "packed",
        "lines": [
            {name: item[name] for name in ("product_id", "sku", "name")}
            | {"position": place, "quantity": quantity}
            for place, item, quantity in ((1, first, 1), (2, second, 2))
        ],
        "carrier": "dhl",
        "tracking_number": "00 34/ä",
        "tracking_url": "https://www.example.com/track?id=00%2034%2F%C3%A4&lang=en",
        "note": "Two parcels.",
        "created_at": packed["created_at"],
        "updated_at": packed["created_at"],
        "version": 1,
    }
    assert answered(await client.get(f"/shipments/{packed['id']}")) == packed
    now = await order_of(client, order)
    assert [each["shipped_quantity"] for each in now["items"]] == [1, 2]
    assert now["version"] == order["version"] + 1
    assert (now["status"], now.get("fulfilment_status")) == ("paid", None)
    rest = await pack(client, order)
    assert [(each["position"], each["quantity"]) for each in rest["lines"]] == [(1, 2)]
    assert (rest["number"], rest["carrier"]) == (f"{order['number']}-2", "")
    assert await shipments_of(client, order) == [packed, rest]


@pytest.mark.parametrize("parts", [(4,), (3, 1), (2, 2), (1, 1, 2), (1, 1, 1, 1)])
async def test_the_last_shipment_of_any_division_ships_and_delivers_the_order(
    client: httpx.AsyncClient, parts: tuple[int, ...]
) -> None:
    order = await paid_order(client, 4)
    shipments = [await pack(client, order, part) for part in parts]
    assert code_of(await try_pack(client, order)) == "quantity-not-left"
    found = []
    for verb in ("ship", "deliver"):
        for each in shipments:
            await move(client, each, verb)
            found.append(await states_of(client, order))
    between = len(parts) - 1
    assert found == [
        *[("paid", "partly_shipped")] * between,
        *[("shipped", "shipped")] * (between + 1),
        ("delivered", "delivered"),
    ]
    steps = (await order_of(client, order))["history"]
    assert [each["to_status"] for each in steps] == ["pending", "paid", "shipped", "delivered"]
    assert {each["actor"] for each in steps} == {NAME}


async def test_a_shipment_that_arrives_before_another_is_packed_leaves_the_order_partly_shipped(
    client: httpx.AsyncClient,
) -> None:
    order = await paid_order(client, 2)
    await move(client, await pack(client, order, 1), "ship", "deliver")
    assert await states_of(client, order) == ("paid", "partly_shipped")
    await move(client, await pack(client, order), "ship")
    assert await states_of(client, order) == ("shipped", "shipped")


async def test_a_status_change_of_an_order_ships_the_units_left_and_delivers_all(
    client: httpx.AsyncClient,
) -> None:
    order = await paid_order(client, 3, 1)
    first = await pack(client, order, 1)
    shipped = await moved(client, order, "shipped")
    assert (shipped["status"], shipped["fulfilment_status"]) == ("shipped", "shipped")
    assert [each["shipped_quantity"] for each in shipped["items"]] == [3, 1]
    one, two = await shipments_of(client, order)
    assert one["id"] == first["id"]
    assert [each["quantity"] for each in two["lines"]] == [2, 1]
    assert [each["status"] for each in (one, two)] == ["shipped"] * 2
    assert one["shipped_at"] == two["shipped_at"] == shipped["updated_at"]
    delivered = await moved(client, order, "delivered")
    assert (delivered["status"], delivered["fulfilment_status"]) == ("delivered", "delivered")
    assert {each["status"] for each in await shipments_of(client, order)} == {"delivered"}
    assert delivered == await order_of(client, order)


async def test_the_fulfilment_of_an_old_order_follows_from_its_status(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await paid_order(client, 2)
    async with shop.database.write() as session:
        row = (await session.scalars(select(Order).where(Order.number == order["number"]))).one()
        row.status = OrderStatus.SHIPPED
    assert await states_of(client, order) == ("shipped", "shipped")
    await moved(client, order, "delivered")
    assert await states_of(client, order) == ("delivered", "delivered")
    assert await shipments_of(client, order) == []


async def test_a_cancelled_shipment_can_be_packed_again(client: httpx.AsyncClient) -> None:
    order = await paid_order(client, 2)
    first = await move(client, await pack(client, order), "cancel")
    assert (first["status"], first["version"]) == ("cancelled", 2)
    assert "shipped_quantity" not in (await order_of(client, order))["items"][0]
    second = await pack(client, order, 1)
    assert second["number"] == f"{order['number']}-2"
    await move(client, second, "ship")
    assert await states_of(client, order) == ("paid", "partly_shipped")


async def test_concurrent_requests_pack_the_last_units_once(client: httpx.AsyncClient) -> None:
    order = await paid_order(client, 5)
    answers = await asyncio.gather(*(try_pack(client, order, 2) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [201] * 2 + [409] * 4
    assert {code_of(each) for each in answers if each.is_error} == {"quantity-not-left"}
    assert (await order_of(client, order))["items"][0]["shipped_quantity"] == 4
    numbers = [each["number"] for each in await shipments_of(client, order)]
    assert numbers == [f"{order['number']}-{place}" for place in (1, 2)]


async def test_the_database_limits_shipped_units_to_those_left(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await paid_order(client, 5)
    with pytest.raises(Exception, match="ck_order_items_shipped_quantity"):
        async with shop.database.write() as session:
            change = "UPDATE order_items SET shipped_quantity = 3, cancelled_quantity = 3"
            await session.execute(text(change))


async def test_the_status_of_an_order_follows_its_shipments_after_the_other_units_are_cancelled(
    client: httpx.AsyncClient,
) -> None:
    orders = [await paid_order(client, 3) for _ in range(3)]
    for order, verbs in zip(orders, ((), ("ship",), ("ship", "deliver"))):
        await move(client, await pack(client, order, 1), *verbs)
        path = f"/orders/{order['id']}/lines/{order['items'][0]['product_id']}/cancel"
        left = answered(await client.post(path, json={}))
        assert left == await order_of(client, order)
        assert left["items"][0]["cancelled_quantity"] == 2
    assert [await states_of(client, order) for order in orders] == [
        ("paid", "unfulfilled"),
        ("shipped", "shipped"),
        ("delivered", "delivered"),
    ]


async def test_details_of_a_shipment_can_be_changed(
    client: httpx.AsyncClient, tracked: None  # pylint: disable=unused-argument
) -> None:
    shipment = await move(client, await pack(client, await paid_order(client, 1)), "ship")
    path = f"/shipments/{shipment['id']}"
    changed = answered(await client.patch(path, json={"carrier": "DHL", "tracking_number": "7"}))
    assert changed["tracking_url"] == "https://www.example.com/track?id=7&lang=en"
    assert (changed["version"], changed["status"]) == (shipment["version"] + 1, "shipped")
    other = answered(await client.patch(path, json={"carrier": "Own bicycle"}))
    assert "tracking_url" not in other and other["tracking_number"] == "7"
    none = answered(await client.patch(path, json={"tracking_number": None}))
    assert "tracking_number" not in none
    assert none == answered(await client.get(path))


async def test_a_customer_sees_the_shipments_of_own_orders_only(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, shop: Shop
) -> None:
    owner, other = await someone(nobody), await someone(nobody)
    goods = {(await create_product(client))["id"]: 2}
    order = await moved(client, await place_order(client, owner.id, goods), "paid")
    shipment = await pack(client, order, 1)
    places = (f"/orders/{order['id']}/shipments", f"/shipments/{shipment['id']}")
    answers = [await nobody.get(each, headers=owner.headers) for each in places]
    assert [each.status_code for each in answers] == [200, 200]
    assert [each["id"] for each in answers[0].json()["items"]] == [shipment["id"]]
    answers = [await nobody.get(each, headers=other.headers) for each in places]
    assert [code_of(each) for each in answers] == ["order-not-found", "shipment-not-found"]
    before = await everything(shop)
    refused = await nobody.post(f"{places[1]}/ship", headers=owner.headers)
    assert code_of(refused) == "forbidden"
    assert await everything(shop) == before


async def test_a_guest_sees_the_shipments_with_the_token_of_the_cart(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    cart = await ready(nobody, {(await create_product(client))["id"]: 2})
    assert code_of(await cart.send("GET", "/order/shipments")) == "order-not-found"
    order = await moved(client, await ordered(cart), "paid")
    shipments = [await pack(client, order, 1), await pack(client, order, 1)]
    page = answered(await cart.send("GET", "/order/shipments?limit=1"))
    assert page["items"] == shipments[:1]
    rest = await cart.send("GET", f"/order/shipments?limit=1&cursor={page['next']}")
    assert answered(rest) == {"items": shipments[1:], "next": None}
    stranger = await guest(nobody)
    refused = await nobody.get(f"/carts/{cart.cart_id}/order/shipments", headers=stranger.headers)
    assert code_of(refused) == "cart-not-found"


async def test_a_customer_gets_a_mail_about_each_parcel(
    client: httpx.AsyncClient, shop: Shop, tracked: None  # pylint: disable=unused-argument
) -> None:
    await add_method(client, carrier="DHL", rates=[{"currency": "USD", "amount": "0.00"}])
    method = (await every(client, "/shipping-methods"))[0]["id"]
    tea, cup = [await create_product(client, name=each) for each in ("Tea", "Cup")]
    cart = await ready(client, {tea["id"]: 2, cup["id"]: 1}, shipping_method_id=method)
    order = await moved(client, await ordered(cart), "paid")
    before = len(await mails_of(shop))
    first = await pack(client, order, 1, tracking_number="77")
    assert first["carrier"] == "DHL"
    assert len(await mails_of(shop)) == before
    await move(client, first, "ship")
    await moved(client, order, "shipped")
    one, two = (await mails_of(shop))[before:]
    assert {each.recipient for each in (one, two)} == {"ada@example.com"}
    assert one.subject == two.subject == f"Your order {order['number']} at Lavka is on its way"
    assert "In this parcel\n1 × Tea\n\nTracking number: DHL 77\n" in one.body
    assert "Track your parcel: https://www.example.com/track?id=77&lang=en" in one.body
    assert "In this parcel\n1 × Tea\n1 × Cup\n\nLavka" in two.body
    assert "Total" not in one.body


async def test_a_customer_without_an_email_address_gets_no_mail(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await paid_order(client, 1)
    before = len(await mails_of(shop))
    await move(client, await pack(client, order), "ship")
    assert len(await mails_of(shop)) == before


async def test_a_list_of_shipments_takes_the_same_statements_for_any_number(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await paid_order(client, 8)
    counts = []
    for number in (1, 6):
        for _ in range(number):
            await pack(client, order, 1)
        with statements_of(shop) as statements:
            await shipments_of(client, order)
        counts.append(len([each for each in statements if each.sql.startswith("SELECT")]))
    assert counts[0] == counts[1] <= 8


async def test_a_cached_order_shows_its_shipments_at_once(client: httpx.AsyncClient) -> None:
    order = await paid_order(client, 2)
    assert await states_of(client, order) == ("paid", "unfulfilled")
    shipment = await pack(client, order, 1)
    assert (await order_of(client, order))["items"][0]["shipped_quantity"] == 1
    await move(client, shipment, "ship")
    assert await states_of(client, order) == ("paid", "partly_shipped")


async def test_lines_of_the_same_variant_are_added_up(client: httpx.AsyncClient) -> None:
    order = await paid_order(client, 3)
    lines = lines_of(order, 1) + lines_of(order, 2)
    response = await client.post(f"/orders/{order['id']}/shipments", json={"lines": lines})
    assert [each["quantity"] for each in answered(response, 201)["lines"]] == [3]

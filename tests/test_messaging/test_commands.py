"""A command has the effect of its route, once, with the identity of its sender."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from msgspec.structs import replace

from app.messaging.delivery import Delivery
from app.messaging.pipeline import Pipeline
from app.models import AuditEvent
from app.security.areas.catalogue import CatalogueAudited
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import PASSWORD, create_product, create_user, place_order
from tests.support.ledger import assert_conserved, every, movements_of, stock_of
from tests.support.machines import NAME
from tests.test_messaging.deliveries import (
    PRODUCT,
    applied_in,
    change,
    codes_of,
    letters_of,
    message,
    move,
    order,
    postponed_in,
    product_of,
    rows_of,
    take_postponed,
)


async def orders_in(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return the orders with their lines and history, oldest first."""
    shown = await every(client, "/orders")
    return [(await client.get(f"/orders/{each['id']}")).json() for each in reversed(shown)]


async def test_a_product_is_added_by_its_queue(client: httpx.AsyncClient, shop: Shop) -> None:
    await Pipeline(shop).process([message("product", PRODUCT)])
    (product,) = await every(client, "/products", include="stock")
    assert {name: product[name] for name in PRODUCT} == PRODUCT
    movements = await every(client, f"/products/{product['id']}/stock")
    assert [(each["source"], each["quantity"]) for each in movements] == [("queue product", 10)]
    assert await letters_of(shop) == []


async def test_a_product_is_changed_by_its_queue(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client)
    data = change(product, price="5.49", stock_quantity=0)
    await Pipeline(shop).process([message("product_update", data)])
    changed = await product_of(client, product)
    assert (changed["price"], changed["stock_quantity"], changed["version"]) == ("5.49", 0, 2)
    assert await movements_of(client, product["id"]) == [("supply", 10), ("stocktake", -10)]
    (event,) = [
        each
        for each in await rows_of(shop, AuditEvent)
        if each.event == CatalogueAudited.PRICE_CHANGED
    ]
    assert event.actor == "queue product_update"


async def test_an_order_is_placed_by_its_queue(client: httpx.AsyncClient, shop: Shop) -> None:
    user, product = await create_user(client), await create_product(client)
    chosen = str(uuid4())
    await Pipeline(shop).process([message("order", order(user, product, 3, id=chosen))])
    (placed,) = await orders_in(client)
    assert (placed["id"], placed["user_id"], placed["units"]) == (chosen, user["id"], 3)
    assert (placed["status"], placed["total"]) == ("pending", "14.97")
    assert [each["actor"] for each in placed["history"]] == ["queue order"]
    assert await movements_of(client, product["id"]) == [("supply", 10), ("sale", -3)]
    await assert_conserved(client, [product["id"]])


async def test_an_order_changes_its_status_by_its_queue(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    first = await place_order(client, user["id"], {product["id"]: 2})
    second = await place_order(client, user["id"], {product["id"]: 3})
    batch = [
        message("order_update", move(order_id, status))
        for order_id, status in (
            (first["id"], "paid"),
            (second["id"], "cancelled"),
            (first["id"], "shipped"),
        )
    ]
    await Pipeline(shop).process(batch)
    assert [each["status"] for each in await orders_in(client)] == ["shipped", "cancelled"]
    moved = (await client.get(f"/orders/{first['id']}")).json()
    assert [each["actor"] for each in moved["history"]] == [NAME] + ["queue order_update"] * 2
    assert await stock_of(client, product["id"]) == 8
    await assert_conserved(client, [product["id"]])


@pytest.mark.parametrize("how", ["in one batch", "in two", "at the same moment"])
async def test_a_message_that_is_delivered_twice_has_its_effect_once(
    client: httpx.AsyncClient, shop: Shop, how: str
) -> None:
    user, product = await create_user(client), await create_product(client)
    paid = await place_order(client, user["id"], {product["id"]: 1})
    batches = [
        [message("product", PRODUCT, "one")],
        [message("order", order(user, product, 2), "one"), message("order", b"?", "bad")],
        [message("order_update", move(paid["id"], "cancelled"), "one")],
        [message("product_update", change(product, name="Twice"), "one")],
    ]
    for batch in batches:
        if how == "in one batch":
            await Pipeline(shop).process(batch * 2)
        elif how == "in two":
            await Pipeline(shop).process(batch)
            await Pipeline(shop).process(batch)
        else:
            await asyncio.gather(*(Pipeline(shop).process(batch) for _ in range(2)))
    assert len(await every(client, "/products")) == 2
    assert len(await every(client, "/orders")) == 2
    assert (await product_of(client, product))["version"] == 2
    assert await movements_of(client, product["id"]) == [
        ("supply", 10),
        ("sale", -1),
        ("sale", -2),
        ("cancellation", 1),
    ]
    assert await codes_of(shop) == ["invalid-input"]
    assert await applied_in(shop) == ["one"] * 4
    await assert_conserved(client, [product["id"]])


async def test_each_message_without_an_id_is_applied_at_its_first_delivery(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    for count in (2, 1):
        batch = [message("order", order(user, product), None) for _ in range(count)]
        await Pipeline(shop).process(batch)
    assert await stock_of(client, product["id"]) == 7
    assert await letters_of(shop) == []


async def test_a_redelivered_message_without_an_id_is_applied_if_no_equal_one_was_applied(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    for quantity, left in ((2, 8), (3, 5), (2, 5)):
        again = message("order", order(user, product, quantity), None, is_redelivered=True)
        await Pipeline(shop).process([again])
        assert await stock_of(client, product["id"]) == left
    (letter,) = await letters_of(shop)
    assert letter[:2] == ("order", "ambiguous")
    assert letter[2:] == (
        "it has no message_id and was redelivered, and a message with the same body was applied: "
        "it is unknown whether it was this one",
        1,
    )


async def test_a_message_that_was_applied_long_ago_makes_no_other_ambiguous(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    for minutes, left in ((0, 8), (59, 8), (61, 6)):
        again = message("order", order(user, product, 2), None, is_redelivered=True)
        with later(shop, timedelta(minutes=minutes)):
            await Pipeline(shop).process([again])
        assert await stock_of(client, product["id"]) == left
    assert await codes_of(shop) == ["ambiguous"]


async def test_an_equal_body_on_another_queue_or_with_an_id_makes_no_message_ambiguous(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    data = order(user, product, 2)
    await Pipeline(shop).process([message("product", data, None)])
    await Pipeline(shop).process([message("order", data, None, is_redelivered=True)])
    await Pipeline(shop).process([message("order", data, "named", is_redelivered=True)])
    assert await codes_of(shop) == ["invalid-input"]
    assert await stock_of(client, product["id"]) == 6


async def test_a_second_message_with_an_id_does_not_affect_the_first(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    good, bad = message("order", order(user, product), "one"), message("order", b"{}", "one")
    await Pipeline(shop).process([good, bad])
    await Pipeline(shop).process([bad])
    await Pipeline(shop).process([good])
    assert await stock_of(client, product["id"]) == 9
    assert await applied_in(shop) == ["one"]
    assert await codes_of(shop) == ["invalid-input"]


@pytest.mark.parametrize("size", [1, 200])
async def test_changes_in_any_order_result_in_the_highest_version(
    client: httpx.AsyncClient, shop: Shop, size: int
) -> None:
    products = [await create_product(client, stock_quantity=0) for _ in range(2)]
    count = 30 if size == 1 else 150
    # A fixed permutation: 7 has no common factor with the count.
    versions = [number * 7 % count + 1 for number in range(count)]
    assert sorted(versions) == list(range(1, count + 1)) and versions[-1] != count
    batch = [
        message("product_update", change(each, version, name=f"No. {version}", stock_quantity=9))
        for version in versions
        for each in products
    ]
    for start in range(0, len(batch), size):
        await Pipeline(shop).process(batch[start : start + size])
    for each in products:
        shown = await product_of(client, each)
        assert shown["name"] == f"No. {count}"
        records = [
            version
            for at, version in enumerate(versions)
            if version > max(versions[:at], default=0)
        ]
        assert shown["version"] == 1 + len(records)
        assert await movements_of(client, each["id"]) == [("stocktake", 9)]


async def test_an_older_version_changes_nothing(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client)
    await Pipeline(shop).process([message("product_update", change(product, 5, name="Five"))])
    five = await product_of(client, product)
    late = [
        message("product_update", change(product, version, price="0.01", stock_quantity=1))
        for version in (4, 5)
    ]
    await Pipeline(shop).process(late)
    assert await product_of(client, product) == five
    assert await movements_of(client, product["id"]) == [("supply", 10)]
    assert await letters_of(shop) == []
    await Pipeline(shop).process([message("product_update", change(product, name="Any"))])
    assert (await product_of(client, product))["name"] == "Any"


async def test_an_order_id_in_use_is_refused(client: httpx.AsyncClient, shop: Shop) -> None:
    user, product = await create_user(client), await create_product(client)
    chosen, other = str(uuid4()), str(uuid4())
    await Pipeline(shop).process(
        [message("order", order(user, product, 1, id=each)) for each in (chosen, other, chosen)]
    )
    await Pipeline(shop).process([message("order", order(user, product, 4, id=other))])
    assert [(code, reason) for _, code, reason, _ in await letters_of(shop)] == sorted(
        ("order-exists", f"there is an order {each}") for each in (chosen, other)
    )
    assert await stock_of(client, product["id"]) == 8
    await assert_conserved(client, [product["id"]])


async def signed_in(client: httpx.AsyncClient, user: dict[str, Any]) -> dict[str, str]:
    """Return headers that authenticate a user."""
    form = {"username": user["email"], "password": PASSWORD}
    token = (await client.post("/auth/token", data=form)).json()["access_token"]
    return {"Authorization": f"Bearer {token}", "Prefer": "respond-async"}


async def taken_command(shop: Shop) -> Delivery:
    """Remove the only waiting command from the outbox, and return it."""
    (command,) = await take_postponed(shop)
    return command


async def test_a_command_over_http_has_the_identity_of_its_caller(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    headers = await signed_in(client, user)
    own = {key: value for key, value in order(user, product).items() if key != "user_id"}
    for sent, kind in ((own, headers), (order(user, product), {"Prefer": "respond-async"})):
        accepted = await client.post("/orders", json=sent, headers=kind)
        assert accepted.status_code == 202, accepted.text
        await Pipeline(shop).process([await taken_command(shop)])
    actors = [each["history"][0]["actor"] for each in await orders_in(client)]
    assert actors == [f"user {user['id']}", NAME]
    assert await postponed_in(shop) == []


async def test_a_command_over_http_has_no_more_rights_than_its_caller(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, other = await create_user(client), await create_user(client)
    product = await create_product(client)
    headers = await signed_in(client, user)
    accepted = await client.post("/orders", json=order(other, product), headers=headers)
    assert accepted.status_code == 202
    await Pipeline(shop).process([await taken_command(shop)])
    assert await every(client, "/orders") == []
    operation = (
        await client.get(f"http://shop.test{accepted.headers['Location']}", headers=headers)
    ).json()
    assert (operation["state"], operation["problem"]["status"]) == ("failed", 400)
    (error,) = operation["problem"]["errors"]
    assert error == {"detail": "may be set by staff only", "pointer": "#/user_id"}


async def test_another_message_with_an_applied_id_is_parked(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    first = message("product", PRODUCT)
    other = replace(message("product", PRODUCT | {"sku": "TEA-2"}), message_id=first.message_id)
    await Pipeline(shop).process([first])
    await Pipeline(shop).process([other, first])
    assert [each["sku"] for each in await every(client, "/products")] == [PRODUCT["sku"]]
    reason = "another message with its message_id was applied"
    assert await letters_of(shop) == [("product", "ambiguous", reason, 1)]
    await Pipeline(shop).process([first])
    assert len(await letters_of(shop)) == 1


async def test_of_two_messages_with_one_id_in_a_batch_the_first_is_applied(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    first = message("product", PRODUCT)
    other = replace(message("product", PRODUCT | {"sku": "TEA-2"}), message_id=first.message_id)
    await Pipeline(shop).process([first, first, other])
    assert [each["sku"] for each in await every(client, "/products")] == [PRODUCT["sku"]]
    assert await codes_of(shop) == ["ambiguous"]

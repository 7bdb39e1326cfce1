"""A message that cannot be applied is parked with its reason, and the others are applied."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.limits import MAX_BODY_BYTES
from app.messaging.delivery import Delivery
from app.messaging.pipeline import Pipeline
from app.models import DeadLetter
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import assert_conserved, every, movements_of, snapshot, stock_of
from tests.support.refusals import NOTHING, raw
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
)

SCHEMA = "the body does not match its schema: "
PRICE = f"{SCHEMA}#/price "
BAD = {
    "not JSON": (b"tea, please", "the body is not valid JSON: "),
    "nothing": (b"", "the body is not valid JSON: "),
    "cut off": (b'{"sku": "TEA"', "the body is not valid JSON: "),
    "two documents": (b"{}{}", "the body is not valid JSON: "),
    "not UTF-8": (b'{"sku": "T\xff\xfeA"}', "the body is not valid UTF-8"),
    "binary": (bytes(range(256)), "the body is not valid JSON: "),
    "NaN": (raw(PRODUCT, "price", "NaN"), "the body is not valid JSON: "),
    "NaN as text": (raw(PRODUCT, "price", '"NaN"'), PRICE),
    "infinity": (raw(PRODUCT, "price", "1e400"), PRICE),
    "negative": (raw(PRODUCT, "price", "-1"), PRICE),
    "not an object": (b"[]", f"{SCHEMA}# must be an object"),
    "null": (b"null", f"{SCHEMA}# must be an object"),
    "wrong schema": (b'{"order_id": 1}', f"{SCHEMA}#/sku is required; #/name is required; "),
    "unknown field": (raw(PRODUCT, "colour", '"red"'), f"{SCHEMA}#/colour is not a field of this"),
    "zero byte in a name": (
        raw(PRODUCT, "a\\u0000b", "1"),
        f"{SCHEMA}#/a\\0b is not a field of this",
    ),
    "zero byte in a value": (raw(PRODUCT, "name", '"a\\u0000b"'), f"{SCHEMA}#/name "),
    "lone surrogate": (raw(PRODUCT, "name", '"\\ud800"'), "the body is not valid JSON: "),
    "deep nesting": (b"[" * 100_000 + b"]" * 100_000, "the body is nested too deeply"),
    "too large": (
        json.dumps(PRODUCT).encode() + b" " * MAX_BODY_BYTES,
        f"the body has {MAX_BODY_BYTES + len(json.dumps(PRODUCT))} bytes; "
        "at most 262144 are allowed",
    ),
}


@pytest.mark.any_database
@pytest.mark.parametrize("name", BAD)
async def test_a_message_that_is_not_a_command_is_parked_with_the_reason(
    client: httpx.AsyncClient, shop: Shop, name: str
) -> None:
    body, reason = BAD[name]
    await Pipeline(shop).process([message("product", body, "bad")])
    ((queue, code, told, attempts),) = await letters_of(shop)
    assert (queue, code, attempts) == ("product", "invalid-input", 1)
    assert told.startswith(reason)
    (letter,) = await rows_of(shop, DeadLetter)
    assert (letter.body, letter.message_id) == (body, "bad")
    assert await every(client, "/products") == []
    assert await applied_in(shop) == [] and await postponed_in(shop) == []


@pytest.mark.any_database
async def test_a_part_of_a_far_too_large_message_is_stored(shop: Shop) -> None:
    await Pipeline(shop).process([message("order", b"x" * 600 * 1024)])
    (letter,) = await rows_of(shop, DeadLetter)
    assert (letter.body, letter.code) == (b"x" * 512 * 1024, "invalid-input")


async def test_invalid_messages_do_not_delay_a_thousand_valid_ones(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=5_000)
    batch: list[Delivery] = []
    bad = [body for body, _ in BAD.values()]
    for number in range(1_000):
        batch.append(message("order", order(user, product, number % 3 + 1)))
        if number % 20 == 0:
            batch.append(message("order", bad[number // 20 % len(bad)]))
    for start in range(0, len(batch), 200):
        await Pipeline(shop).process(batch[start : start + 200])
    assert len(await every(client, "/orders")) == 1_000
    assert await stock_of(client, product["id"]) == 5_000 - sum(
        number % 3 + 1 for number in range(1_000)
    )
    assert await codes_of(shop) == ["invalid-input"] * 50


async def refusals(
    client: httpx.AsyncClient, product: dict[str, Any], user: dict[str, Any]
) -> dict[str, tuple[str, dict[str, Any], str]]:
    """Return commands that the shop refuses, by the code, with the queue and the reason."""
    placed = await place_order(client, user["id"], {product["id"]: 1})
    hidden = await create_product(client, is_active=False)
    lines = [{"product_id": each, "quantity": 1} for each in (product["id"], NOTHING)]
    return {
        "product-not-found": (
            "order",
            {"user_id": user["id"], "items": lines},
            f"there is no product {NOTHING}",
        ),
        "insufficient-stock": (
            "order",
            order(user, product, 10),
            f"{product['name']}: 10 asked for, 9 in stock",
        ),
        "product-not-for-sale": (
            "order",
            order(user, hidden),
            f"{hidden['name']} is not for sale",
        ),
        "user-not-found": ("order", order({"id": NOTHING}, product), f"there is no user {NOTHING}"),
        "invalid-input": (
            "order",
            {"items": lines[:1]},
            f"{SCHEMA}#/user_id is required: the caller is not a user",
        ),
        "illegal-transition": (
            "order_update",
            move(placed["id"], "delivered"),
            "an order that is pending cannot become delivered",
        ),
        "sku-taken": ("product", PRODUCT | {"sku": product["sku"]}, "the sku is taken"),
    }


async def test_a_refused_command_is_parked_at_once_and_changes_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    commands = await refusals(client, product, user)
    before = await snapshot(client, product)
    for code, (queue, data, reason) in commands.items():
        await Pipeline(shop).process([message(queue, data, code)])
        assert (queue, code, reason, 1) in await letters_of(shop)
    assert await snapshot(client, product) == before
    assert len(await letters_of(shop)) == len(commands)
    assert await applied_in(shop) == [] and await postponed_in(shop) == []


@pytest.mark.any_database
async def test_a_refusal_does_not_affect_other_messages_of_the_batch(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    commands = await refusals(client, product, user)
    placed = (await every(client, "/orders"))[0]
    good = {
        "order": [order(user, product, 2), order(user, product, 3)],
        "order_update": [move(placed["id"], "paid"), move(placed["id"], "shipped")],
        "product": [PRODUCT, PRODUCT | {"sku": "TEA-2"}],
        "product_update": [change(product, name="One"), change(product, category="Two")],
    }
    commands["sku"] = (
        "product_update",
        change(product, sku=(await create_product(client))["sku"]),
        "",
    )
    for queue, (first, second) in good.items():
        bad = [data for on, data, _ in commands.values() if on == queue]
        batch = [message(queue, data) for data in (first, *bad, second)]
        await Pipeline(shop).process(batch)
    assert len(await letters_of(shop)) == len(commands)
    # Dead letters of one batch have the same time, and their order is random.
    assert sorted(each["units"] for each in await every(client, "/orders")) == [1, 2, 3]
    assert (await client.get(f"/orders/{placed['id']}")).json()["status"] == "shipped"
    assert {"TEA", "TEA-2"} < {each["sku"] for each in await every(client, "/products")}
    shown = await product_of(client, product)
    assert (shown["name"], shown["category"], shown["sku"]) == ("One", "Two", product["sku"])
    assert sorted(pieces for _, pieces in await movements_of(client, product["id"])) == [
        -3,
        -2,
        -1,
        10,
    ]
    await assert_conserved(client, [product["id"]])


@pytest.mark.any_database
async def test_the_first_orders_of_a_batch_get_the_last_units(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=5)
    batch = [message("order", order(user, product, each)) for each in (2, 4, 3, 1)]
    await Pipeline(shop).process(batch)
    assert [(code, reason) for _, code, reason, _ in await letters_of(shop)] == [
        ("insufficient-stock", f"{product['name']}: 1 asked for, 0 in stock"),
        ("insufficient-stock", f"{product['name']}: 4 asked for, 3 in stock"),
    ]
    assert await stock_of(client, product["id"]) == 0
    await assert_conserved(client, [product["id"]])


@pytest.mark.any_database
async def test_each_operation_of_a_batch_has_the_result_of_its_own_command(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    taken = await create_product(client)
    headers = {"Prefer": "respond-async"}
    places = []
    for sku in ("A", taken["sku"], "B"):
        accepted = await client.post("/products", json=PRODUCT | {"sku": sku}, headers=headers)
        places.append(f"http://shop.test{accepted.headers['Location']}")
    rows = await postponed_in(shop)
    await Pipeline(shop).process([Delivery("product", each.message_id, each.body) for each in rows])
    ends = [(await client.get(place)).json() for place in places]
    assert [each["state"] for each in ends] == ["succeeded", "failed", "succeeded"]
    assert [each["result"] and each["result"]["sku"] for each in ends] == ["A", None, "B"]
    assert ends[1]["problem"]["type"] == "urn:problem:sku-taken"


async def test_an_order_of_many_lines_is_placed_completely_or_not_at_all(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    products = [await create_product(client, stock_quantity=each) for each in (5, 5, 1)]
    lines = [{"product_id": each["id"], "quantity": 2} for each in products]
    data = {"user_id": user["id"], "items": lines, "id": str(uuid4())}
    before = await snapshot(client, *products)
    await Pipeline(shop).process([message("order", data)])
    assert await snapshot(client, *products) == before
    assert await codes_of(shop) == ["insufficient-stock"]

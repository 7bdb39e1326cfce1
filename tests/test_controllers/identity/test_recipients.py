"""The recipients of addresses, and the addresses for invoices."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.models import Order
from app.wiring.resources import Shop
from tests.support.factories import address as address_in
from tests.support.factories import create_address, create_product, create_user, place_order

NAMED = {
    "recipient": "Ada Lovelace",
    "company": "Analytical Engines Ltd",
    "line2": "2nd floor",
    "phone": "+44 20 7946 0000",
}
SHOWN_SINCE_0_1 = [
    *("id", "street", "city", "region", "postal_code", "country", "is_primary"),
    *("created_at", "updated_at"),
]
STORED_SINCE_0_1 = ["street", "city", "region", "postal_code", "country"]


async def addresses_of(client: httpx.AsyncClient, user: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the addresses of a user."""
    response = await client.get(f"/users/{user['id']}/addresses")
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def billed_at(client: httpx.AsyncClient, user: dict[str, Any]) -> list[str]:
    """Return the ids of the billing addresses of a user."""
    shown = await addresses_of(client, user)
    return [each["id"] for each in shown if each.get("is_default_billing")]


@pytest.mark.any_database
async def test_an_address_has_a_recipient_a_company_a_second_line_and_a_phone_number(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    home = await create_address(client, user["id"], **NAMED, is_default_billing=True)
    assert {name: home[name] for name in NAMED} == NAMED
    assert home["is_default_billing"] is True
    assert await addresses_of(client, user) == [home]


@pytest.mark.any_database
async def test_an_address_without_recipient_fields_is_shown_as_before(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    bare = await create_address(client, user["id"])
    empty = await create_address(client, user["id"], **dict.fromkeys(NAMED, ""))
    assert list(bare) == list(empty) == SHOWN_SINCE_0_1


@pytest.mark.any_database
async def test_each_recipient_field_is_changed_and_cleared_separately(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    bare = await create_address(client, user["id"])
    path = f"/users/{user['id']}/addresses/{bare['id']}"
    for name, value in NAMED.items():
        changed = (await client.patch(path, json={name: value})).json()
        assert changed == bare | {name: value, "updated_at": changed["updated_at"]}
        cleared = (await client.patch(path, json={name: ""})).json()
        assert cleared == bare | {"updated_at": cleared["updated_at"]}


@pytest.mark.any_database
async def test_at_most_one_address_of_a_user_is_for_billing(
    client: httpx.AsyncClient,
) -> None:
    user, other = await create_user(client), await create_user(client)
    theirs = await create_address(client, other["id"], is_default_billing=True)
    first = await create_address(client, user["id"])
    assert await billed_at(client, user) == []
    second = await create_address(client, user["id"], is_default_billing=True)
    assert await billed_at(client, user) == [second["id"]]
    third = await create_address(client, user["id"], is_default_billing=True)
    assert await billed_at(client, user) == [third["id"]]
    path = f"/users/{user['id']}/addresses/{first['id']}"
    assert (await client.patch(path, json={"is_default_billing": True})).status_code == 200
    assert await billed_at(client, user) == [first["id"]]
    assert (await client.patch(path, json={"is_default_billing": True})).status_code == 200
    assert await billed_at(client, user) == [first["id"]]
    assert (await client.patch(path, json={"is_default_billing": False})).status_code == 200
    assert await billed_at(client, user) == []
    assert await billed_at(client, other) == [theirs["id"]]


async def test_of_concurrently_chosen_billing_addresses_one_is_for_billing(
    client: httpx.AsyncClient,
) -> None:
    user = await create_user(client)
    added = [await create_address(client, user["id"]) for _ in range(4)]
    paths = [f"/users/{user['id']}/addresses/{each['id']}" for each in added]
    new = address_in(is_default_billing=True)
    responses = await asyncio.gather(
        *(client.patch(path, json={"is_default_billing": True}) for path in paths),
        *(client.post(f"/users/{user['id']}/addresses", json=new) for _ in range(4)),
    )
    assert [each.status_code for each in responses] == [200] * 4 + [201] * 4
    assert len(await billed_at(client, user)) == 1


@pytest.mark.any_database
@pytest.mark.parametrize("is_given", [True, False])
async def test_an_order_has_the_recipient_of_its_address(
    client: httpx.AsyncClient, is_given: bool
) -> None:
    user, product = await create_user(client), await create_product(client)
    home = await create_address(client, user["id"], **NAMED)
    changes = {"delivery_address": address_in(**NAMED)} if is_given else {}
    order = await place_order(client, user["id"], {product["id"]: 1}, **changes)
    address = order["delivery_address"]
    assert {name: address[name] for name in NAMED} == NAMED
    assert address == {name: home[name] for name in address}
    assert (await client.get(f"/orders/{order['id']}")).json() == order


@pytest.mark.any_database
@pytest.mark.parametrize("is_given", [True, False])
async def test_an_order_without_a_recipient_is_stored_and_shown_as_before(
    client: httpx.AsyncClient, shop: Shop, is_given: bool
) -> None:
    user, product = await create_user(client), await create_product(client)
    await create_address(client, user["id"])
    changes = {"delivery_address": address_in(phone="")} if is_given else {}
    order = await place_order(client, user["id"], {product["id"]: 1}, **changes)
    assert list(order["delivery_address"]) == STORED_SINCE_0_1
    async with shop.database.read() as session:
        stored = await session.scalar(select(Order.delivery_address))
    assert stored is not None and sorted(stored) == sorted(STORED_SINCE_0_1)

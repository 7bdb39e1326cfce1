"""Packs and ships orders through the API."""

from typing import Any

import httpx

from tests.support.factories import create_product, create_user, order_in, place_order
from tests.support.refusals import places_of, problem_of


async def paid_order(client: httpx.AsyncClient, *quantities: int) -> dict[str, Any]:
    """Return a paid order of a new user, with a product for each quantity."""
    if len(quantities) == 1:
        return await order_in(client, "paid", await create_product(client), quantities[0])
    user = await create_user(client)
    goods = {(await create_product(client))["id"]: quantity for quantity in quantities}
    order = await place_order(client, user["id"], goods)
    return await moved(client, order, "paid")


async def moved(client: httpx.AsyncClient, order: dict[str, Any], status: str) -> dict[str, Any]:
    """Move an order to another status."""
    return answered(await client.patch(f"/orders/{order['id']}", json={"status": status}))


def answered(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """Return the document of a successful response."""
    assert response.status_code == status, response.text
    document: dict[str, Any] = response.json()
    return document


def lines_of(order: dict[str, Any], *quantities: int) -> list[dict[str, Any]]:
    """Return the body of a request for units of the first lines of an order."""
    return [
        {"variant_id": item["product_id"], "quantity": quantity}
        for item, quantity in zip(order["items"], quantities)
        if quantity
    ]


async def try_pack(
    client: httpx.AsyncClient, order: dict[str, Any], *quantities: int, **fields: Any
) -> httpx.Response:
    """Send a request to pack units of the first lines of an order, or all units left."""
    body = fields | ({"lines": lines_of(order, *quantities)} if quantities else {})
    return await client.post(f"/orders/{order['id']}/shipments", json=body)


async def pack(
    client: httpx.AsyncClient, order: dict[str, Any], *quantities: int, **fields: Any
) -> dict[str, Any]:
    """Pack units of the first lines of an order, or all units left."""
    return answered(await try_pack(client, order, *quantities, **fields), 201)


async def move(client: httpx.AsyncClient, shipment: dict[str, Any], *verbs: str) -> dict[str, Any]:
    """Ship, deliver or cancel a shipment."""
    for verb in verbs:
        shipment = answered(await client.post(f"/shipments/{shipment['id']}/{verb}"))
    return shipment


async def order_of(client: httpx.AsyncClient, order: dict[str, Any]) -> dict[str, Any]:
    """Return the current order."""
    return answered(await client.get(f"/orders/{order['id']}"))


async def shipments_of(client: httpx.AsyncClient, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the shipments of an order."""
    found: list[dict[str, Any]] = answered(await client.get(f"/orders/{order['id']}/shipments"))[
        "items"
    ]
    return found


async def states_of(client: httpx.AsyncClient, order: dict[str, Any]) -> tuple[str, str]:
    """Return the status and the fulfilment of an order."""
    now = await order_of(client, order)
    return now["status"], now.get("fulfilment_status", "unfulfilled")


def code_of(response: httpx.Response) -> str:
    """Return the code of a refusal."""
    code: str = problem_of(response)["type"].removeprefix("urn:problem:")
    return code


def assert_problem(refusal: dict[str, Any], problem: str) -> None:
    """Assert that a refusal has a code, or names the field of a JSON pointer."""
    if problem.startswith("#"):
        assert problem in places_of(refusal)
    else:
        assert refusal["type"] == f"urn:problem:{problem}"

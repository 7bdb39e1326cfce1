"""Requests and handles returns of shipped units through the API."""

from typing import Any

import httpx

from tests.test_controllers.fulfilment.setting import answered, lines_of, moved, paid_order

WHY = {"reason": "damaged", "customer_note": "The lid is broken."}


async def shipped_order(client: httpx.AsyncClient, *quantities: int) -> dict[str, Any]:
    """Return a shipped order of a new user, with a product for each quantity."""
    return await moved(client, await paid_order(client, *quantities), "shipped")


async def try_return(
    client: httpx.AsyncClient, order: dict[str, Any], *quantities: int, **fields: Any
) -> httpx.Response:
    """Send a request to return units of the first lines of an order."""
    body = {"lines": lines_of(order, *quantities)} | WHY | fields
    return await client.post(f"/orders/{order['id']}/returns", json=body)


async def ask(
    client: httpx.AsyncClient, order: dict[str, Any], *quantities: int, **fields: Any
) -> dict[str, Any]:
    """Request the return of units of the first lines of an order."""
    return answered(await try_return(client, order, *quantities, **fields), 201)


async def try_do(
    client: httpx.AsyncClient, asked: dict[str, Any], verb: str, **body: Any
) -> httpx.Response:
    """Send a request to approve, reject, receive, close or cancel a return."""
    given = None if verb in ("close", "cancel") else body
    return await client.post(f"/returns/{asked['id']}/{verb}", json=given)


async def do(
    client: httpx.AsyncClient, asked: dict[str, Any], *verbs: str, **body: Any
) -> dict[str, Any]:
    """Change the status of a return step by step; the last request has the body."""
    for verb in verbs:
        given = body if verb == verbs[-1] else {}
        asked = answered(await try_do(client, asked, verb, **given))
    return asked


async def returns_of(client: httpx.AsyncClient, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the returns of an order."""
    page = answered(await client.get(f"/orders/{order['id']}/returns"))
    found: list[dict[str, Any]] = page["items"]
    return found

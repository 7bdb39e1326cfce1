"""Sends invalid requests, and asserts that each gets a problem document and changes nothing."""

import json
from typing import Any

import httpx

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.tables import everything

JSON = {"Content-Type": "application/json"}
NOTHING = "0199a1b2-7c00-7d00-8e00-0123456789ab"
PRODUCT = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}
USER = {
    "email": "ada@example.com",
    "username": "ada",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "password": "correct horse battery staple",
}
ADDRESS = {
    "street": "12 St James's Square",
    "city": "London",
    "region": "Greater London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}
MOVEMENT = {"quantity": 5, "reason": "supply"}
CREATED = [
    ("/products", PRODUCT),
    ("/users", USER),
    ("/users/{user}/addresses", ADDRESS),
    ("/products/{product}/stock", MOVEMENT),
    ("/orders", {}),
]
MEMBERS = ("type", "title", "status", "detail")


async def refused(
    client: httpx.AsyncClient, shop: Shop, method: str, path: str, **request: Any
) -> dict[str, Any]:
    """Send a request that is refused, and return the problem."""
    before = await everything(shop)
    response = await client.request(method, path, **request)
    assert await everything(shop) == before
    return problem_of(response)


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """Return the problem document of a response."""
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    problem: dict[str, Any] = response.json()
    assert tuple(problem)[:4] == MEMBERS
    assert problem["status"] == response.status_code
    assert all(
        isinstance(problem[name], str) and problem[name] for name in MEMBERS if name != "status"
    )
    return problem


def refusal_of(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    problem = problem_of(response)
    return response.status_code, problem["type"].removeprefix("urn:problem:")


def places_of(problem: dict[str, Any]) -> dict[str, str]:
    """Return the places of the errors of a request, with the reasons."""
    assert (problem["status"], problem["type"]) == (400, "urn:problem:invalid-input")
    return {
        next(error[name] for name in ("pointer", "parameter", "header") if name in error): error[
            "detail"
        ]
        for error in problem["errors"]
    }


async def target(client: httpx.AsyncClient, path: str) -> str:
    """Put the ids of a new user and a new product into a path."""
    if "{user}" in path:
        path = path.format(user=(await create_user(client))["id"])
    if "{product}" in path:
        path = path.format(product=(await create_product(client))["id"])
    return path


def raw(data: dict[str, Any], field: str, token: str) -> bytes:
    """Return a JSON object with a field whose value is inserted as raw text."""
    rest = {name: value for name, value in data.items() if name != field}
    return f'{json.dumps(rest)[:-1]}, "{field}": {token}}}'.encode()

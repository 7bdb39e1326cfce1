"""Users and their addresses over HTTP."""

import asyncio

import httpx
import pytest

from app.dependencies import Shop
from tests.factories import create_address, create_product, create_user, place_order


async def test_a_registered_user_is_shown_as_given(client: httpx.AsyncClient) -> None:
    data = {
        "email": "Ada@Example.com",
        "username": "Ada",
        "first_name": "Ada",
        "last_name": "Lovelace",
    }
    response = await client.post("/users", json=data)
    assert response.status_code == 201
    body = response.json()
    assert {name: body[name] for name in data} == data
    assert (body["role"], body["is_active"], body["version"]) == ("customer", True, 1)
    assert response.headers["Location"] == f"/api/v1/users/{body['id']}"
    shown = await client.get(f"/users/{body['id']}")
    assert shown.json() == body
    assert shown.headers["ETag"] == response.headers["ETag"]

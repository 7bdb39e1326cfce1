"""Creates resources of the shop through its API, with valid defaults and unique keys."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.search_words import search_text
from app.repositories.catalogue.product_repository import ProductRepository
from app.services.catalogue.new_product import option_columns

PASSWORD = "correct horse battery staple"
_numbers = count(1)
_ROADS = {
    "pending": [],
    "paid": ["paid"],
    "shipped": ["paid", "shipped"],
    "delivered": ["paid", "shipped", "delivered"],
    "cancelled": ["cancelled"],
}


def address(**changes: Any) -> dict[str, Any]:
    """Return the body of a request for an address."""
    data = {
        "street": "12 St James's Square",
        "city": "London",
        "postal_code": "SW1Y 4JH",
        "country": "GB",
    }
    return data | changes


async def create_user(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Register a user."""
    number = next(_numbers)
    data = {
        "email": f"user{number}@example.com",
        "username": f"user-{number}",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "password": PASSWORD,
    }
    return await _created(client, "/users", data | changes)


async def create_product(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Add a product."""
    number = next(_numbers)
    data = {
        "sku": f"SKU-{number}",
        "name": f"Tea No. {number}",
        "category": "Tea",
        "price": "4.99",
        "stock_quantity": 10,
    }
    return await _created(client, "/products", data | changes)


async def create_address(client: httpx.AsyncClient, user_id: str, **changes: Any) -> dict[str, Any]:
    """Add an address of a user."""
    return await _created(client, f"/users/{user_id}/addresses", address(**changes))


async def place_order(
    client: httpx.AsyncClient, user_id: str, quantities: dict[str, int], **changes: Any
) -> dict[str, Any]:
    """Place an order for products by their ids."""
    items = [
        {"product_id": product_id, "quantity": quantity}
        for product_id, quantity in quantities.items()
    ]
    return await _created(client, "/orders", {"user_id": user_id, "items": items} | changes)


async def _created(client: httpx.AsyncClient, path: str, data: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(path, json=data)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def order_in(
    client: httpx.AsyncClient, status: str, product: dict[str, Any], quantity: int = 1
) -> dict[str, Any]:
    """Place an order of a new user for one product and change it to a status."""
    user = await create_user(client)
    order = await place_order(client, user["id"], {product["id"]: quantity})
    for step in _ROADS[status]:
        response = await client.patch(f"/orders/{order['id']}", json={"status": step})
        assert response.status_code == 200, response.text
        order = response.json()
    return order


def product_row(
    sku: str, name: str, category: str, price_minor: int, at: datetime
) -> dict[str, Any]:
    """Return the columns of a product without stock, for a bulk insert."""
    return {
        "id": new_id(at),
        "sku": sku,
        "name": name,
        "description": "",
        "category": category,
        "option_names": [],
        "price_minor": price_minor,
        "availability": "out_of_stock",
        "variants_count": 1,
        "currency": "USD",
        "is_active": True,
        "source_version": None,
        "search_text": search_text(name, sku, category, ""),
        "search_names": search_text(name, sku),
        "search_options": search_text(category),
        "created_at": at,
        "updated_at": at,
        "archived_at": None,
        "version": 1,
    }


_PLAIN: dict[str, Any] = {
    "position": 1,
    "barcode": None,
    **option_columns([]),
    "stock_quantity": 0,
    "tracks_stock": True,
    "allows_backorder": False,
    "low_stock_at": None,
    "low_since": None,
    "weight_grams": None,
    "compare_at_minor": None,
}


async def add_products(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add products that `product_row` returned, each with its variant."""
    shared = ("id", "sku", "price_minor", "is_active", "created_at", "updated_at", "archived_at")
    variants = [
        {name: row[name] for name in (*shared, "version")} | _PLAIN | {"product_id": row["id"]}
        for row in rows
    ]
    await ProductRepository(session).add_all(rows, variants, [])

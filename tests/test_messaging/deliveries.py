"""Creates messages in the form of a transport, and reads their results."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select

from app.messaging.delivery import Delivery
from app.models import (
    Base,
    DeadLetter,
    InboxMessage,
    MovementReason,
    Order,
    OrderItem,
    OrderStatus,
    OutboxMessage,
    StockMovement,
    SuspectMessage,
    Variant,
)
from app.wiring.resources import Shop
from tests.support.ledger import every

_numbers = count(1)
PRODUCT = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99", "stock_quantity": 10}


def message(queue: str, data: object, message_id: str | None = "", **how: Any) -> Delivery:
    """Return a message with a document or with raw bytes, and with a unique id."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    own_id = f"message-{next(_numbers)}" if message_id == "" else message_id
    return Delivery(queue, own_id, body, **how)


def order(
    user: dict[str, Any], product: dict[str, Any], quantity: int = 1, **more: Any
) -> dict[str, Any]:
    """Return an order of units of one product."""
    items = [{"product_id": product["id"], "quantity": quantity}]
    return {"user_id": user["id"], "items": items} | more


def change(product: dict[str, Any], version: int | None = None, **fields: Any) -> dict[str, Any]:
    """Return a change of a product."""
    data: dict[str, Any] = {"product_id": product["id"], "product_data": fields}
    return data if version is None else data | {"version": version}


def move(order_id: str, status: str) -> dict[str, Any]:
    """Return a change of the status of an order."""
    return {"order_id": order_id, "order_data": {"status": status}}


async def rows_of(shop: Shop, kind: type[Base]) -> Sequence[Any]:
    """Return the rows of a table by their keys."""
    async with shop.database.read() as session:
        key = kind.__table__.primary_key
        return (await session.scalars(select(kind).order_by(*key))).all()


async def letters_of(shop: Shop) -> list[tuple[str, str, str, int]]:
    """Return the dead letters as queue, code, reason and attempts."""
    rows: Sequence[DeadLetter] = await rows_of(shop, DeadLetter)
    # Ids of the same millisecond are not ordered.
    return sorted((each.queue, each.code, each.reason, each.attempts) for each in rows)


async def codes_of(shop: Shop) -> list[str]:
    """Return the codes of the dead letters."""
    return [code for _, code, _, _ in await letters_of(shop)]


async def postponed_in(shop: Shop) -> Sequence[OutboxMessage]:
    """Return the messages that wait to be delivered."""
    return await rows_of(shop, OutboxMessage)


async def applied_in(shop: Shop) -> list[str]:
    """Return the ids of the applied messages."""
    return [each.message_id for each in await rows_of(shop, InboxMessage)]


async def suspects_in(shop: Shop) -> list[tuple[str, int]]:
    """Return the keys of the suspect messages, with the number of starts of each."""
    return [(each.message_key, each.starts) for each in await rows_of(shop, SuspectMessage)]


def again(row: OutboxMessage) -> Delivery:
    """Return the next delivery of a postponed message."""
    return Delivery(row.routing_key, row.message_id, row.body, row.attempts, headers=row.headers)


async def take_postponed(shop: Shop) -> list[Delivery]:
    """Remove the waiting messages from the outbox, like the dispatcher, and return them."""
    rows = await postponed_in(shop)
    async with shop.database.write() as session:
        for row in rows:
            await session.delete(await session.merge(row))
    return [again(row) for row in rows]


async def product_of(client: httpx.AsyncClient, product: dict[str, Any]) -> dict[str, Any]:
    """Return the current product."""
    response = await client.get(f"/products/{product['id']}")
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def assert_balanced(shop: Shop, product_id: str) -> None:
    """Check what `assert_conserved` checks, in three statements for any number of orders."""
    its = UUID(product_id)
    sold = (MovementReason.SALE, MovementReason.CANCELLATION)
    moved = select(func.sum(StockMovement.quantity)).where(StockMovement.variant_id == its)
    ordered = (
        select(func.sum(OrderItem.quantity))
        .join(Order, Order.id == OrderItem.order_id)
        .where(OrderItem.variant_id == its, Order.status != OrderStatus.CANCELLED)
    )
    async with shop.database.read() as session:
        variant = await session.get_one(Variant, its)
        assert await session.scalar(moved) == variant.stock_quantity
        gone = await session.scalar(moved.where(StockMovement.reason.in_(sold)))
        assert await session.scalar(ordered) == -(gone or 0)


async def names_in(client: httpx.AsyncClient) -> list[str]:
    """Return the names of the products."""
    return sorted(each["name"] for each in await every(client, "/products"))

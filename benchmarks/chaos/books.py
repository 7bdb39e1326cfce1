"""The results of the messages of a kill test in the database and on the broker."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Unavailable
from app.models import (
    DeadLetter,
    MovementReason,
    Operation,
    OperationState,
    Order,
    OrderItem,
    OutboxMessage,
    StockMovement,
    User,
    Variant,
)
from app.wiring.resources import Shop
from benchmarks.chaos.plan import Goods


@dataclass(frozen=True, slots=True)
class Books:
    """The stored results, by the ids of messages, orders and products."""

    orders: Mapping[str, list[UUID]]
    parked: Mapping[str, list[str]]
    ordered: Mapping[UUID, int]
    movements: Mapping[tuple[str, UUID], list[int]]
    stock: Mapping[UUID, int]
    operations: Mapping[str, str]
    waiting: int


@dataclass(slots=True)
class Sent:
    """The messages that the shop has sent: copies of parked messages, and events of orders."""

    copies: Counter[str] = field(default_factory=Counter)
    bare_copies: Counter[str] = field(default_factory=Counter)
    """The copies without a reason: the broker has put them there, and not the shop."""
    events: Counter[str] = field(default_factory=Counter)
    left: dict[str, int] = field(default_factory=dict)


async def supply(shop: Shop, needed: Mapping[str, int]) -> tuple[Goods, dict[UUID, int]]:
    """Supply twice the needed stock; return the users and products, and the stock of each."""
    async with shop.database.write() as session:
        rows = (await session.execute(select(Variant.sku, Variant.id))).tuples().all()
        products = dict(rows)
        for sku, product_id in products.items():
            await session.execute(
                update(Variant)
                .where(Variant.id == product_id)
                .values(stock_quantity=2 * needed.get(sku, 0) + 1)
            )
        users = dict((await session.execute(select(User.username, User.id))).tuples().all())
    stock = {product_id: 2 * needed.get(sku, 0) + 1 for sku, product_id in products.items()}
    return Goods(users, products, min(stock, key=lambda each: stock[each])), stock


async def count_settled(shop: Shop) -> tuple[int, int]:
    """Return the number of messages that are orders or refused, and the number in the outbox."""
    while True:
        try:
            async with shop.database.read() as session:
                refused = sum(map(len, (await _refused(session)).values()))
                settled = await _count(session, Order) + refused
                return settled, await _count(session, OutboxMessage)
        except Unavailable:
            await asyncio.sleep(0.2)


async def read_books(shop: Shop, names: Mapping[str, str] | None = None) -> Books:
    """Return all results; `names` replaces the ids of refused messages, if given."""
    async with shop.database.read() as session:
        orders: defaultdict[str, list[UUID]] = defaultdict(list)
        for order_id, address in await session.execute(select(Order.id, Order.delivery_address)):
            orders[address["street"] if address else "nowhere"].append(order_id)
        refused = await _refused(session)
        parked = {(names or {}).get(each, each): codes for each, codes in refused.items()}
        operations = await session.execute(select(Operation.id, Operation.state))
        return Books(
            orders=orders,
            parked=parked,
            ordered=await _ordered(session),
            movements=await _movements(session),
            stock=dict(
                (await session.execute(select(Variant.id, Variant.stock_quantity))).tuples().all()
            ),
            operations={str(each.id): str(each.state) for each in operations},
            waiting=await _count(session, OutboxMessage),
        )


async def _refused(session: AsyncSession) -> dict[str, list[str]]:
    """Return the reasons of refused commands: of parked ones, and of failed operations.

    A command with an operation is not parked if it is refused: its operation has the reason.
    """
    refused: defaultdict[str, list[str]] = defaultdict(list)
    for message_id, code in await session.execute(select(DeadLetter.message_id, DeadLetter.code)):
        refused[message_id].append(code)
    failed = select(Operation.id, Operation.problem).where(Operation.state == OperationState.FAILED)
    for operation_id, problem in await session.execute(failed):
        if str(operation_id) not in refused:
            refused[str(operation_id)] = [problem["type"].rpartition(":")[2]]
    return dict(refused)


async def _ordered(session: AsyncSession) -> dict[UUID, int]:
    query = select(OrderItem.variant_id, func.sum(OrderItem.quantity)).group_by(
        OrderItem.variant_id
    )
    return {product_id: int(pieces) for product_id, pieces in await session.execute(query)}


async def _movements(session: AsyncSession) -> dict[tuple[str, UUID], list[int]]:
    query = select(StockMovement.source, StockMovement.variant_id, StockMovement.quantity).where(
        StockMovement.reason == MovementReason.SALE
    )
    movements: defaultdict[tuple[str, UUID], list[int]] = defaultdict(list)
    for source, product_id, quantity in await session.execute(query):
        movements[source, product_id].append(quantity)
    return movements


async def _count(session: AsyncSession, model: type) -> int:
    return await session.scalar(select(func.count()).select_from(model)) or 0

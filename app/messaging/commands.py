"""The registry of commands: their queues and handlers."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.core.limits import MAX_BODY_BYTES, MAX_BULK_BODY_BYTES
from app.database.sessions import AsyncSession
from app.errors import DomainError, NotFound, OrderNotFound, ProductNotFound
from app.schemas.base import Schema
from app.schemas.catalogue.product_messages import ProductUpdateCommand
from app.schemas.catalogue.product_schema import ProductCreate
from app.schemas.data.bulk_schema import ProductBulk
from app.schemas.orders.order_messages import OrderCommand, OrderUpdateCommand
from app.security.principal import Caller
from app.services.orders.placement import Asked
from app.wiring.areas.catalogue import provide_products
from app.wiring.areas.data import provide_product_bulk
from app.wiring.areas.orders import provide_order_moves, provide_orders
from app.wiring.resources import Shop

Outcome = Schema | DomainError
"""The result of a command, as its sender would have received it."""


def queue_caller(queue: str) -> str:
    """Return the name of the caller of the commands that other systems put on a queue."""
    return f"queue {queue}"


class Services(Struct, frozen=True):
    """The database session and the resources from which handlers build services."""

    session: AsyncSession
    shop: Shop


Handler = Callable[[Services, Caller, Any], Awaitable[Schema]]
BatchHandler = Callable[[Services, Sequence[tuple[Caller, Any]]], Awaitable[list[Outcome]]]
BatchLock = Callable[[Services, Sequence[tuple[Caller, Any]]], Awaitable[None]]


class Subject(Struct, frozen=True):
    """The resource that a command changes; the message that adds it may arrive later."""

    missing: type[NotFound]
    id_of: Callable[[Any], UUID]
    existing: Callable[[Services, Collection[UUID]], Awaitable[set[UUID]]]


class Command(Struct, frozen=True):
    """The command of one queue."""

    queue: str
    schema: type[Schema]
    description: str
    handle: Handler
    handle_many: BatchHandler | None = None
    """Handles many commands at once; a refused command does not fail the others."""
    lock: BatchLock | None = None
    """Locks the rows for the commands of one transaction, in the order that prevents deadlocks."""
    subject: Subject | None = None
    """The resource that must exist before the command is applied, if another message may add it."""
    max_bytes: int = MAX_BODY_BYTES
    is_large: bool = False
    """Whether each command has a transaction of its own, because it takes long."""


async def offer_product(services: Services, caller: Caller, data: ProductCreate) -> Schema:
    """Add a product."""
    return await provide_products(services.session, services.shop).offer(caller, data)


async def find_categories(
    services: Services, products: Sequence[tuple[Caller, ProductCreate]]
) -> None:
    """Find or create the categories of all products at once."""
    service = provide_products(services.session, services.shop)
    await service.find_categories(data.category for _, data in products)


async def apply_bulk(services: Services, caller: Caller, data: ProductBulk) -> Schema:
    """Add and change many products; without an operation to report refused rows, all or none."""
    bulk = provide_product_bulk(services.session, services.shop)
    is_whole = caller.name == queue_caller("product_bulk")
    return await bulk.apply(caller, data, is_whole=is_whole)


async def change_product(services: Services, caller: Caller, data: ProductUpdateCommand) -> Schema:
    """Change a product, unless a later change of its sender was applied already."""
    products = provide_products(services.session, services.shop)
    return await products.change(
        caller, data.product_id, data.product_data, source_version=data.version
    )


async def lock_products(
    services: Services, changes: Sequence[tuple[Caller, ProductUpdateCommand]]
) -> None:
    """Lock the products that are to change, after their new categories."""
    products = provide_products(services.session, services.shop)
    await products.find_categories(
        data.product_data.changes().get("category") for _, data in changes
    )
    await products.lock({data.product_id for _, data in changes})


async def place_order(services: Services, caller: Caller, data: OrderCommand) -> Schema:
    """Place an order completely or not at all."""
    return await provide_orders(services.session, services.shop).place(caller, data, data.id)


async def place_orders(
    services: Services, orders: Sequence[tuple[Caller, OrderCommand]]
) -> list[Outcome]:
    """Place many orders, each completely or not at all."""
    placing = provide_orders(services.session, services.shop)
    return list(await placing.place_many([Asked(caller, data, data.id) for caller, data in orders]))


async def lock_for_orders(
    services: Services, orders: Sequence[tuple[Caller, OrderCommand]]
) -> None:
    """Lock the rows that are needed to place orders."""
    placing = provide_orders(services.session, services.shop)
    await placing.lock_for_placing([Asked(caller, data, data.id) for caller, data in orders])


async def move_order(services: Services, caller: Caller, data: OrderUpdateCommand) -> Schema:
    """Change the status of an order by an allowed transition."""
    moves = provide_order_moves(services.session, services.shop)
    return await moves.move(caller, data.order_id, data.order_data.status)


async def lock_orders(
    services: Services, moves: Sequence[tuple[Caller, OrderUpdateCommand]]
) -> None:
    """Lock the orders whose status is to change, and the products whose stock they return."""
    moving = provide_order_moves(services.session, services.shop)
    await moving.lock_for_moving([(data.order_id, data.order_data.status) for _, data in moves])


async def existing_products(services: Services, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that belong to products."""
    return await provide_products(services.session, services.shop).existing(ids)


async def existing_orders(services: Services, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that belong to orders."""
    return await provide_orders(services.session, services.shop).existing(ids)


COMMANDS: dict[str, Command] = {
    command.queue: command
    for command in (
        Command("product", ProductCreate, "Adds a product.", offer_product, lock=find_categories),
        Command(
            "product_update",
            ProductUpdateCommand,
            "Changes a product.",
            change_product,
            lock=lock_products,
            subject=Subject(ProductNotFound, lambda data: data.product_id, existing_products),
        ),
        Command(
            "product_bulk",
            ProductBulk,
            "Adds and changes up to 500 products and variants.",
            apply_bulk,
            max_bytes=MAX_BULK_BODY_BYTES,
            is_large=True,
        ),
        Command(
            "order",
            OrderCommand,
            "Places an order, all of it or nothing.",
            place_order,
            handle_many=place_orders,
            lock=lock_for_orders,
        ),
        Command(
            "order_update",
            OrderUpdateCommand,
            "Moves an order along its transitions.",
            move_order,
            lock=lock_orders,
            subject=Subject(OrderNotFound, lambda data: data.order_id, existing_orders),
        ),
    )
}

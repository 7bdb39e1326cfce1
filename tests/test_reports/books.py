"""Adds orders at chosen moments to a shop, and reads orders and reports from its tables."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select, text

from app.models import Order, OutboxMessage, ReportLine
from app.repositories.reports.report_repository import ReportRepository
from app.schemas.reports.report_schema import ReportSummary
from app.security.principal import SYSTEM
from app.services.reports.report_service import summary_of
from app.wiring.areas.data import provide_imports
from app.wiring.areas.orders import provide_order_moves
from app.wiring.resources import Shop
from tests.support.accounts import later

PRICE_MINOR = 250


async def open_shop(shop: Shop) -> None:
    """Add a user and two products with more stock than any test sells."""
    products = [
        {"sku": sku, "name": name, "category": "Tea", "price": "2.50", "stock_quantity": 1_000_000}
        for sku, name in (("TEA", "Tea"), ("POT", "=1+1"))
    ]
    user = {"username": "ada", "email": "ada@example.com", "first_name": "A", "last_name": "L"}
    async with shop.database.write() as session:
        imports = provide_imports(session, shop)
        assert (await imports.add_products(list(enumerate(products)))).added == 2
        assert (await imports.add_users([(1, user)])).added == 1


async def add_orders(
    shop: Shop, moments: Sequence[datetime], *, status: str = "paid", name: str = "order"
) -> None:
    """Add an order of one unit of tea at each moment; every third one also has two pots."""
    rows = []
    for number, moment in enumerate(moments):
        common = {
            "reference": f"{name} {number}",
            "username": "ada",
            "placed_at": moment.isoformat(),
            "status": status,
        }
        rows.append(common | {"sku": "TEA", "quantity": "1"})
        if number % 3 == 0:
            rows.append(common | {"sku": "POT", "quantity": "2"})
    async with shop.database.write() as session:
        outcome = await provide_imports(session, shop).add_orders(list(enumerate(rows)))
    assert (outcome.added, outcome.refused) == (len(rows), [])


async def orders_of(shop: Shop) -> list[Any]:
    """Return id, moment, units and total of every order, the oldest first."""
    async with shop.database.read() as session:
        query = select(Order.id, Order.created_at, Order.units, Order.total_minor)
        return list(await session.execute(query.order_by(Order.created_at, Order.id)))


async def cancel(shop: Shop, order_id: Any, at: datetime) -> None:
    """Cancel an order at a moment."""
    async with at_moment(shop, at), shop.database.write() as session:
        await provide_order_moves(session, shop).cancel(SYSTEM, order_id)


@asynccontextmanager
async def at_moment(shop: Shop, moment: datetime) -> AsyncIterator[None]:
    """Move the clock of a shop to a moment temporarily."""
    with later(shop, moment - shop.clock.now()):
        yield


async def reports_of(shop: Shop) -> list[ReportSummary]:
    """Return every report, the oldest first."""
    async with shop.database.read() as session:
        found = await ReportRepository(session).between(date.min, date.max)
        return [summary_of(each) for each in found]


async def lines_of(shop: Shop) -> list[Any]:
    """Return every line of every report."""
    async with shop.database.read() as session:
        query = select(ReportLine.report_day, ReportLine.order_id)
        return list(await session.execute(query.order_by(ReportLine.placed_at, ReportLine.id)))


async def everything_of(shop: Shop, day: date) -> bytes:
    """Return all rows of the report of a day as bytes, without its version and times."""
    stored: list[Any] = []
    async with shop.database.read() as session:
        for table, order in (
            ("daily_reports", "id"),
            ("report_lines", "placed_at, id"),
            ("report_products", "gross_minor, id"),
            ("report_taxes", "rate_ppm, reason"),
            ("report_money", "currency"),
        ):
            rows = await session.execute(
                text(f"SELECT * FROM {table} WHERE report_day = :day ORDER BY {order}"),
                {"day": day if not shop.database.is_sqlite else day.isoformat()},
            )
            made = {"created_at", "updated_at", "version"}
            stored += [
                sorted((name, str(value)) for name, value in row.items() if name not in made)
                for row in rows.mappings()
            ]
    return msgspec.json.encode(stored)


async def messages_of(shop: Shop, queue: str = "report") -> list[OutboxMessage]:
    """Return the messages to a queue in the outbox, in their order."""
    async with shop.database.read() as session:

        query = select(OutboxMessage).where(OutboxMessage.routing_key == queue)
        return list(await session.scalars(query.order_by(OutboxMessage.position)))


async def at_once(*coroutines: Any) -> list[Any]:
    """Run coroutines concurrently; return their results and errors."""
    return await asyncio.gather(*coroutines, return_exceptions=True)

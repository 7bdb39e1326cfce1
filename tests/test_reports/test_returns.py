"""A return changes the stock on its day, but no report of sales."""

from datetime import datetime

from sqlalchemy import func, select

from app.jobs.daily_reports import make_report
from app.models import MovementReason, OrderStatus, StockMovement
from app.schemas.orders.return_schema import ReturnCreate, ReturnDecision, ReturnReceipt
from app.security.principal import SYSTEM
from app.services.reports.report_maker import Outcome
from app.wiring.areas.orders import provide_order_moves, provide_returns
from app.wiring.resources import Shop
from tests.test_reports.books import at_moment, everything_of, orders_of
from tests.test_reports.conftest import DAY, HOUR, NOON
from tests.test_reports.test_amounts import MONDAY
from tests.test_reports.test_cancelled_lines import order_of, report_made


async def ship_and_return(shop: Shop, number: int, at: datetime) -> None:
    """Ship an order of the shop, and receive a unit of its first line."""
    order_id = (await orders_of(shop))[number].id
    async with at_moment(shop, at), shop.database.write() as session:
        moves, returns = provide_order_moves(session, shop), provide_returns(session, shop)
        order = await moves.move(SYSTEM, order_id, OrderStatus.SHIPPED)
        lines = [{"variant_id": str(order.items[0].sold_id), "quantity": 1}]
        asked = await returns.request(
            SYSTEM, order_id, ReturnCreate.parse({"lines": lines, "reason": "other"})
        )
        await returns.approve(SYSTEM, asked.id, ReturnDecision())
        await returns.receive(SYSTEM, asked.id, ReturnReceipt())


async def returned(shop: Shop) -> int:
    """Return how many units came back to stock."""
    query = select(func.sum(StockMovement.quantity)).where(
        StockMovement.reason == MovementReason.RETURN
    )
    async with shop.database.read() as session:
        return int(await session.scalar(query) or 0)


async def test_the_days_of_orders_and_of_their_returns_stay_balanced(open_shop: Shop) -> None:
    await report_made(open_shop, MONDAY)
    before = await everything_of(open_shop, MONDAY)
    # One is returned on the day of its order, one on a later day with sales of the same goods.
    await ship_and_return(open_shop, 0, NOON + 5 * HOUR)
    await ship_and_return(open_shop, 1, NOON + DAY + HOUR)
    assert await returned(open_shop) == 2
    tuesday = await report_made(open_shop, MONDAY + DAY)
    assert (tuesday.placed.orders_count, tuesday.cancelled.units) == (3, 0)
    assert tuesday.net_units == tuesday.placed.units
    async with at_moment(open_shop, NOON + 9 * DAY):
        assert await make_report(open_shop, MONDAY) is Outcome.UNCHANGED
        assert await everything_of(open_shop, MONDAY) == before
    order = await order_of(open_shop, (await orders_of(open_shop))[0].id)
    assert [each.returned_quantity for each in order.items][0] == 1

"""Reports of days with cancelled lines and expired orders add up."""

from contextlib import suppress
from datetime import date, datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import text, update

from app.errors import QuantityNotLeft, ReportUnbalanced
from app.jobs.daily_reports import make_due_reports, make_report
from app.models import Order, OrderStatus
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.orders.order_schema import OrderRead
from app.schemas.reports.report_schema import ReportRead, Total
from app.security.principal import SYSTEM
from app.services.reports.report_maker import Outcome
from app.wiring.areas.orders import provide_order_moves
from app.wiring.resources import Shop
from tests.test_reports.books import at_moment, cancel, orders_of
from tests.test_reports.conftest import DAY, HOUR, NOON
from tests.test_reports.test_amounts import MONDAY, buy, carts_of, report_of

SHOWN = ("units", "amount_minor", "discount_minor", "tax_minor")


async def cancel_units(shop: Shop, order_id: Any, line: int, at: datetime) -> OrderRead:
    """Cancel one unit of a line at a moment."""
    variant_id = (await order_of(shop, order_id)).items[line - 1].sold_id
    async with at_moment(shop, at), shop.database.write() as session:
        moves = provide_order_moves(session, shop)
        return await moves.cancel_line(SYSTEM, order_id, variant_id, 1, None)


async def report_made(shop: Shop, day: date) -> ReportRead:
    """Make the report of a day, assert that it is the same when made again, and return it."""
    async with at_moment(shop, NOON + 9 * DAY):
        assert await make_report(shop, day) is Outcome.MADE
        assert await make_report(shop, day) is Outcome.UNCHANGED
    return await report_of(shop, day)


def amounts_of(total: Total) -> tuple[int, ...]:
    """Return the units and amounts of a total."""
    return tuple(getattr(total, name) for name in SHOWN)


async def order_of(shop: Shop, order_id: Any) -> OrderRead:
    """Return an order."""
    async with shop.database.read() as session:
        return OrderRead.model_validate(await OrderRepository(session).get_whole(None, order_id))


async def test_reports_of_all_cancellations_of_an_order_add_up_to_it(open_shop: Shop) -> None:
    random = Random(7)
    await buy(open_shop, await carts_of(open_shop, 40), [NOON + HOUR] * 40)
    for row in await orders_of(open_shop):
        if row.created_at >= NOON + DAY:
            continue
        lines = [number for number, _ in enumerate((await order_of(open_shop, row.id)).items, 1)]
        for number in range(random.randrange(row.units + 1)):
            with suppress(QuantityNotLeft):
                moment = NOON + (number % 3) * DAY + 2 * HOUR
                await cancel_units(open_shop, row.id, random.choice(lines), moment)
        if (await order_of(open_shop, row.id)).status is not OrderStatus.CANCELLED:
            await cancel(open_shop, row.id, NOON + 3 * DAY)
    days = [await report_made(open_shop, MONDAY + number * DAY) for number in range(4)]
    placed = days[0].placed
    for each, name in enumerate(SHOWN):
        assert sum(amounts_of(day.cancelled)[each] for day in days) == getattr(placed, name)
    assert sum(day.cancelled.orders_count for day in days) == placed.orders_count
    assert sum(day.cancelled.shipping_minor for day in days) == placed.shipping_minor
    assert all(day.cancelled.units for day in days)
    by_rate = {(tax.rate_ppm, tax.reason): (tax.net_minor, tax.tax_minor) for tax in days[0].taxes}
    for rate, sums in by_rate.items():
        found = [tax for day in days for tax in day.taxes if (tax.rate_ppm, tax.reason) == rate]
        assert sum(tax.cancelled_net_minor for tax in found) == sums[0]
        assert sum(tax.cancelled_tax_minor for tax in found) == sums[1]


async def test_a_line_of_an_order_of_an_earlier_day_is_a_correction(open_shop: Shop) -> None:
    row, *_ = await orders_of(open_shop)
    assert (await cancel_units(open_shop, row.id, 1, NOON + DAY)).cancelled_minor == 250
    tuesday = await report_made(open_shop, MONDAY + DAY)
    assert tuesday.corrections == tuesday.cancelled
    assert (tuesday.cancelled.orders_count, tuesday.cancelled.units) == (0, 1)
    assert tuesday.net_units == tuesday.placed.units - 1


async def test_an_unpaid_expired_order_is_reported_separately(open_shop: Shop) -> None:
    first, second = [row.id for row in await orders_of(open_shop)][:2]
    async with open_shop.database.write() as session:
        await session.execute(
            update(Order)
            .where(Order.id == first)
            .values(status=OrderStatus.PENDING, pay_by=NOON + DAY)
        )
    async with at_moment(open_shop, NOON + DAY), open_shop.database.write() as session:
        await provide_order_moves(session, open_shop).expire(first)
    await cancel(open_shop, second, NOON + DAY)
    tuesday = await report_made(open_shop, MONDAY + DAY)
    assert tuesday.cancelled.orders_count == 2
    assert tuesday.expired is not None
    assert (tuesday.expired.orders_count, tuesday.expired.amount_minor) == (1, 750)
    assert (await report_made(open_shop, MONDAY)).expired is None


async def test_a_report_is_made_again_after_a_line_that_is_cancelled_late(open_shop: Shop) -> None:
    await report_made(open_shop, MONDAY)
    row, *_ = await orders_of(open_shop)
    await cancel_units(open_shop, row.id, 1, NOON + HOUR)
    async with at_moment(open_shop, NOON + 9 * DAY):
        await make_due_reports(open_shop)
    assert (await report_of(open_shop, MONDAY)).version == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE order_cancellations SET amount_minor = amount_minor + 1",
        "UPDATE order_cancellations SET quantity = quantity + 1",
        "UPDATE orders SET cancelled_minor = cancelled_minor + 1 WHERE cancelled_minor > 0",
    ],
)
async def test_a_cancelled_line_that_does_not_add_up_is_refused(
    open_shop: Shop, change: str
) -> None:
    await buy(open_shop, await carts_of(open_shop, 6), [NOON + HOUR] * 6)
    row = max(await orders_of(open_shop), key=lambda each: each.units)
    await cancel_units(open_shop, row.id, 1, NOON + 2 * HOUR)
    async with open_shop.database.write() as session:
        await session.execute(text(change))
    async with at_moment(open_shop, NOON + DAY):
        with pytest.raises(ReportUnbalanced):
            await make_report(open_shop, MONDAY)

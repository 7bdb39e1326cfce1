"""Reports of days with discounts, shipping and tax: they add up, or are refused."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text

from app.core.ids import new_id
from app.errors import ReportUnbalanced
from app.jobs.daily_reports import make_report
from app.models import OrderStatus, OrderTax, User, Variant
from app.pricing.quote import price
from app.pricing.terms import (
    Cart,
    Effect,
    Goods,
    Promotion,
    Quote,
    Rate,
    Rounding,
    Shipping,
    ShippingRate,
    Taxes,
    TaxReason,
)
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.reports.report_schema import ReportLineQuery, ReportRead
from app.services.orders.amounts import quoted
from app.services.orders.placement import sales_in
from app.services.reports.report_maker import Outcome
from app.tables.orders import NewLine, NewOrder, NewStep
from app.wiring.areas.reports import provide_reports
from app.wiring.resources import Shop
from tests.test_reports.books import at_moment, cancel, everything_of
from tests.test_reports.conftest import DAY, HOUR, NOON

MONDAY = date(2026, 3, 2)
SECOND = timedelta(seconds=1)
RATES = {
    "standard": Rate(190_000),
    "reduced": Rate(70_000),
    "zero": Rate(0, TaxReason.REVERSE_CHARGE),
}


def cart_of(random: Random, variants: Sequence[Any]) -> Cart:
    """Return a random cart, which may have promotions, shipping, and prices that include tax."""
    goods = tuple(
        Goods(
            variant_id=variant.id,
            product_id=variant.id,
            unit_minor=random.randrange(1, 5_000),
            quantity=random.randrange(1, 5),
            tax_class=random.choice(list(RATES)),
        )
        for variant in random.sample(variants, random.randrange(1, len(variants) + 1))
    )
    tenth = Promotion(new_id(NOON), "A tenth", Effect.PERCENT_ORDER, percent_ppm=100_000)
    items = Promotion(new_id(NOON), "Less", Effect.AMOUNT_ITEMS, amount_minor=33)
    return Cart(
        goods,
        Taxes(RATES, random.random() < 0.5, random.choice(list(Rounding))),
        promotions=tuple(each for each in (tenth, items) if random.random() < 0.5),
        shipping=Shipping((ShippingRate(490),)) if random.random() < 0.5 else None,
    )


async def buy(shop: Shop, carts: Sequence[Cart], moments: Sequence[datetime]) -> list[Quote]:
    """Place an order of each cart at a moment, and return their quotes."""
    orders, quotes = [], []
    async with shop.database.write() as session:
        buyer = (await session.scalars(select(User.id).where(User.username == "ada"))).one()
        for cart, moment in zip(carts, moments, strict=True):
            quotes.append(price(cart, moment))
            order = NewOrder(
                id=new_id(moment),
                user_id=buyer,
                currency="USD",
                created_at=moment,
                actor="test",
                lines=[
                    NewLine(
                        each.product_id,
                        each.variant_id,
                        "SKU",
                        "Name",
                        each.unit_minor,
                        each.quantity,
                    )
                    for each in cart.goods
                ],
                steps=[NewStep(OrderStatus.PENDING, moment)],
            )
            orders.append(quoted(order, quotes[-1], cart.taxes))
        stock = StockRepository(session)
        locked = await stock.lock_stock({line.variant_id for each in orders for line in each.lines})
        await stock.move_stock(sales_in(orders), moments[0], locked)
        await OrderRepository(session).add_placed(orders)
    return quotes


async def report_of(shop: Shop, day: date) -> ReportRead:
    """Return the report of a day."""
    async with shop.database.read() as session:
        return await provide_reports(session, shop).get(day, ReportLineQuery())


async def carts_of(shop: Shop, count: int) -> list[Cart]:
    """Return random carts of the products of a shop."""
    random = Random(20260302)
    async with shop.database.read() as session:
        variants = list(await session.scalars(select(Variant).order_by(Variant.sku)))
    return [cart_of(random, variants) for _ in range(count)]


async def test_a_day_adds_up_with_discounts_shipping_and_tax(open_shop: Shop) -> None:
    carts = await carts_of(open_shop, 60)
    quotes = await buy(open_shop, carts, [NOON + HOUR + number * SECOND for number in range(60)])
    assert any(each.discount_minor for each in quotes) and any(each.shipping for each in quotes)
    async with at_moment(open_shop, NOON + DAY):
        assert await make_report(open_shop, MONDAY) is Outcome.MADE
        stored = await everything_of(open_shop, MONDAY)
        assert await make_report(open_shop, MONDAY) is Outcome.UNCHANGED
        assert await everything_of(open_shop, MONDAY) == stored
    report = await report_of(open_shop, MONDAY)
    # The four orders of the fixture have no discount, shipping or tax.
    placed = report.placed
    assert placed.orders_count == 64
    assert placed.amount_minor == sum(each.total_minor for each in quotes) + 2000
    assert placed.tax_minor == sum(each.tax_minor for each in quotes)
    assert placed.shipping_minor == sum(
        each.shipping.total_minor for each in quotes if each.shipping is not None
    )
    assert placed.discount_minor == sum(
        line.discount_minor for each in quotes for line in each.lines
    )
    assert sum(each.tax_minor for each in report.taxes) == placed.tax_minor
    taxed = sum(each.net_minor + each.tax_minor for each in report.taxes)
    assert taxed == placed.amount_minor - 2000
    assert [each.rate_ppm for each in report.taxes] == [190_000, 70_000, 0]
    shown = json.loads(report.to_json())
    assert [(each["rate"], each["reason"]) for each in shown["taxes"]] == [
        ("19", "standard_rated"),
        ("7", "standard_rated"),
        ("0", "reverse_charge"),
    ]


async def test_cancellations_are_reported_by_rate_on_their_day(open_shop: Shop) -> None:
    carts = await carts_of(open_shop, 8)
    quotes = await buy(open_shop, carts, [NOON + HOUR] * 8)
    async with open_shop.database.read() as session:
        ids = list(await session.scalars(select(OrderTax.order_id).distinct()))
    for order_id in ids:
        await cancel(open_shop, order_id, NOON + DAY + HOUR)
    async with at_moment(open_shop, NOON + 2 * DAY):
        await make_report(open_shop, MONDAY)
        await make_report(open_shop, MONDAY + DAY)
    monday = await report_of(open_shop, MONDAY)
    tuesday = await report_of(open_shop, MONDAY + DAY)
    assert tuesday.cancelled == tuesday.corrections
    assert tuesday.cancelled.tax_minor == sum(each.tax_minor for each in quotes)
    assert tuesday.cancelled.amount_minor == sum(each.total_minor for each in quotes)
    assert [(each.net_minor, each.tax_minor) for each in monday.taxes] == [
        (each.cancelled_net_minor, each.cancelled_tax_minor) for each in tuesday.taxes
    ]
    assert [each.net_minor for each in tuesday.taxes] == [0] * len(tuesday.taxes)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE order_items SET discount_minor = discount_minor + 1", "the items of the orders"),
        ("UPDATE orders SET shipping_minor = shipping_minor + 1", "the items of the orders"),
        ("UPDATE order_taxes SET tax_minor = tax_minor + 1", "the taxes of the orders"),
        ("UPDATE order_taxes SET net_minor = net_minor + 1", "the taxed amounts"),
        ("DELETE FROM order_taxes", "the taxes of the orders"),
    ],
)
async def test_a_day_whose_amounts_do_not_add_up_is_refused(
    open_shop: Shop, change: str, what: str
) -> None:
    await buy(open_shop, await carts_of(open_shop, 6), [NOON + HOUR] * 6)
    async with open_shop.database.write() as session:
        await session.execute(text(change))
    async with at_moment(open_shop, NOON + DAY):
        with pytest.raises(ReportUnbalanced, match=what):
            await make_report(open_shop, MONDAY)

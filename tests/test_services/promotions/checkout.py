"""Prices carts with the promotions of a shop, and redeems them for orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from app.core.countries import Place
from app.models import Coupon, Promotion, Redemption
from app.pricing import terms
from app.pricing.quote import price
from app.services.promotions.promotion_service import Redeeming
from app.wiring.areas.promotions import provide_promotions
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user, place_order

UNTAXED = terms.Taxes({"standard": terms.Rate(0)})
PRODUCT, CATEGORY = UUID(int=1), UUID(int=2)


def goods(*lines: tuple[int, int], product_id: UUID = PRODUCT, **fields: Any) -> list[terms.Goods]:
    """Return lines of a cart by their quantities and prices."""
    return [
        terms.Goods(UUID(int=100 + place), product_id, unit, quantity, "standard", **fields)
        for place, (quantity, unit) in enumerate(lines)
    ]


@dataclass(frozen=True)
class Priced:
    """A cart with its promotions, and its quote."""

    quote: terms.Quote
    promotions: tuple[terms.Promotion, ...]
    unknown: tuple[str, ...]

    @property
    def refusals(self) -> dict[str, str]:
        """The reasons why promotions do not apply, by their labels."""
        return {each.promotion.label: each.refusal.value for each in self.quote.not_applied}


async def priced(
    shop: Shop,
    *codes: str,
    lines: Sequence[terms.Goods] | None = None,
    customer: str | None = None,
    country: str | None = None,
    currency: str = "USD",
    shipping: terms.Shipping | None = None,
) -> Priced:
    """Return a cart with its quote, of goods at 10.00 by default."""
    now = shop.clock.now()
    place = None if country is None else Place(country)
    async with shop.database.read() as session:
        book = await provide_promotions(session, shop).book(
            codes, () if customer is None else (customer,), now
        )
    found, unknown = book.offered(codes, currency, customer, place)
    its = tuple(goods((1, 1_000)) if lines is None else lines)
    cart = terms.Cart(its, UNTAXED, found, shipping)
    return Priced(price(cart, now), found, unknown)


async def redeem(shop: Shop, order_id: str, cart: Priced, customer: str) -> None:
    """Redeem the promotions of a cart for an order."""
    async with shop.database.write() as session:
        service = provide_promotions(session, shop)
        order = Redeeming(UUID(order_id), cart.quote.adjustments, cart.promotions, customer)
        await service.redeem([order])


async def give_back(shop: Shop, order_id: str) -> None:
    """Return the uses of an order."""
    async with shop.database.write() as session:
        await provide_promotions(session, shop).give_back(UUID(order_id))


async def new_order(client: httpx.AsyncClient, user_id: str | None = None) -> tuple[str, str]:
    """Place an order; return its id and that of its user."""
    buyer = user_id or (await create_user(client))["id"]
    product = await create_product(client)
    return (await place_order(client, buyer, {product["id"]: 1}))["id"], buyer


async def assert_counted(shop: Shop) -> None:
    """Assert that the counted uses equal the uses of orders."""
    async with shop.database.read() as session:
        uses = list(await session.scalars(select(Redemption).where(Redemption.undone_at.is_(None))))
        promotions = list(await session.scalars(select(Promotion)))
        coupons = list(await session.scalars(select(Coupon)))
    for promotion in promotions:
        assert promotion.used == len([each for each in uses if each.promotion_id == promotion.id])
    for coupon in coupons:
        assert coupon.used == len([each for each in uses if each.coupon_id == coupon.id])


async def used(client: httpx.AsyncClient, promotion: dict[str, Any]) -> int:
    """Return the counted uses of a promotion."""
    count: int = (await client.get(f"/promotions/{promotion['id']}")).json()["used"]
    return count

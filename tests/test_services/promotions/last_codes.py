"""Lets many buyers use a code with one use concurrently."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import make_transient

from app.errors import CodeDoesNotApply
from app.models import Coupon, Promotion, Redemption
from app.pricing.terms import Effect
from app.repositories.promotions.redemption_repository import RedemptionRepository
from app.schemas.promotions.coupon_schema import CouponsCreate
from app.schemas.promotions.promotion_schema import PromotionCreate
from app.security.principal import Caller
from app.tables.promotions import Trigger
from app.wiring.areas.promotions import provide_coupons, provide_promotion_records
from app.wiring.resources import Shop
from tests.test_services.promotions.checkout import priced, redeem

Buyer = tuple[str, str]
"""An order, and its user."""
_STAFF = Caller("staff")


async def add_last(shop: Shop, code: str, *, is_limited_itself: bool) -> UUID:
    """Add a code with one use, by the limit of the coupon or of the promotion."""
    limits = (1, None) if is_limited_itself else (None, 1)
    data = PromotionCreate(
        name=code,
        label=code,
        trigger=Trigger.CODE,
        effect=Effect.PERCENT_ORDER,
        percent_ppm="10",
        usage_limit=limits[1],
    )
    async with shop.database.write() as session:
        promotion = await provide_promotion_records(session, shop).add(_STAFF, data)
        coupon = CouponsCreate(code=code, usage_limit=limits[0])
        await provide_coupons(session, shop).add(_STAFF, promotion.id, coupon)
    return promotion.id


async def compete(shop: Shop, code: str, buyers: Sequence[Buyer]) -> Counter[str]:
    """Let all buyers use a code that was in the quote of each; count the outcomes."""
    cart = await priced(shop, code)
    assert cart.quote.discount_minor

    async def buy(order_id: str, user_id: str) -> str:
        try:
            await redeem(shop, order_id, cart, user_id)
        except CodeDoesNotApply as refusal:
            return str(refusal.context["reason"])
        except IntegrityError:
            return "violated a constraint"
        return "used"

    return Counter(await asyncio.gather(*(buy(*each) for each in buyers)))


async def faults_of(shop: Shop, promotion_id: UUID, fared: Counter[str], buyers: int) -> list[str]:
    """Return the faults after buyers have competed for one use."""
    async with shop.database.read() as session:
        own = Redemption.promotion_id == promotion_id
        uses = await session.scalar(
            select(func.count()).select_from(Redemption).where(own, Redemption.undone_at.is_(None))
        )
        used = await session.scalar(select(Promotion.used).where(Promotion.id == promotion_id))
        counted = await session.scalar(
            select(Coupon.used).where(Coupon.promotion_id == promotion_id)
        )
    faults = []
    if fared != {"used": 1, "used-up": buyers - 1}:
        faults.append(f"{dict(fared)} of {buyers} buyers")
    if (uses, used, counted) != (1, 1, 1):
        faults.append(f"{uses} uses, of which {used} and {counted} are counted")
    return faults


class _CheckingBeforeCounting(RedemptionRepository):
    """Compares limits with the values from before the order, and locks nothing."""

    async def lock(
        self, promotion_ids: Collection[UUID], keys: Collection[str]
    ) -> tuple[dict[UUID, Any], dict[str, Any]]:
        """Return promotions and coupons with their values from before any order."""
        promotions = select(Promotion).where(Promotion.id.in_(promotion_ids))
        coupons = select(Coupon).where(Coupon.code_key.in_(keys))
        found: list[Any] = list(await self._session.scalars(promotions))
        entered: list[Any] = list(await self._session.scalars(coupons))
        for each in (*found, *entered):
            make_transient(each)
            each.used = 0
        return {each.id: each for each in found}, {each.code_key: each for each in entered}

    async def count_uses(
        self, promotions: Mapping[UUID, int], coupons: Mapping[UUID, int]
    ) -> tuple[set[UUID], set[UUID]]:
        """Store the number from before the order plus one."""
        for model, ids in ((Promotion, promotions), (Coupon, coupons)):
            await self._session.execute(update(model).where(model.id.in_(ids)).values(used=1))
        return set(promotions), set(coupons)


def checking_before_counting() -> AbstractContextManager[Any]:
    """Plant a mistake: limits are checked before the order, and counted in it."""
    return patch("app.wiring.areas.promotions.RedemptionRepository", _CheckingBeforeCounting)

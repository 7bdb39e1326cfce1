"""Coupons of promotions, with given or random codes."""

import secrets
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import AutomaticPromotion, InvalidInput
from app.models import Coupon
from app.repositories.promotions.coupon_repository import CouponRepository
from app.repositories.promotions.promotion_repository import PromotionRepository
from app.schemas.promotions.coupon_schema import (
    CouponChange,
    CouponPage,
    CouponQuery,
    CouponRead,
    CouponsAdded,
    CouponsCreate,
)
from app.security.areas.promotions import PromotionsAudited
from app.security.principal import Caller
from app.services.preconditions import require_match
from app.services.promotions.promotion_terms import limit_reasons
from app.services.system.audit_service import AuditService
from app.tables.promotions import Trigger, code_key

# Crockford's base 32, without letters that are read as digits or as other letters.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 10


class CouponService:
    """Adds, returns and changes the coupons of promotions."""

    def __init__(
        self,
        coupons: CouponRepository,
        promotions: PromotionRepository,
        audit: AuditService,
        clock: Clock,
    ) -> None:
        self._coupons = coupons
        self._promotions = promotions
        self._audit = audit
        self._clock = clock

    async def add(self, caller: Caller, promotion_id: UUID, data: CouponsCreate) -> CouponsAdded:
        """Add coupons to a promotion.

        Raises:
            PromotionNotFound: the promotion does not exist.
            AutomaticPromotion: the promotion applies without a code.
            CouponExists: the code is taken.
        """
        # The lock ensures that the promotion is not ended meanwhile.
        promotion = await self._promotions.get(promotion_id, lock=True)
        if promotion.trigger is Trigger.AUTOMATIC:
            raise AutomaticPromotion(
                "the promotion applies by itself", promotion_id=str(promotion_id)
            )
        given = data.code
        codes = await self._new_codes(data.count or 0) if given is None else [given]
        rows = [self._row(promotion_id, each, data.usage_limit) for each in codes]
        await self._coupons.add_all(rows)
        detail: dict[str, Any] = {"count": len(rows), "usage_limit": data.usage_limit}
        detail |= {} if given is None else {"code": given}
        await self._audit.record(PromotionsAudited.COUPONS_ADDED, caller, promotion_id, **detail)
        return CouponsAdded(items=[CouponRead.model_validate(_shown(each)) for each in rows])

    async def _new_codes(self, count: int) -> list[str]:
        """Return random codes that are not taken."""
        codes: set[str] = set()
        while len(codes) < count:
            made = {_random_code() for _ in range(count - len(codes))}
            taken = await self._coupons.taken([code_key(each) for each in made])
            codes |= {each for each in made if code_key(each) not in taken}
        return sorted(codes)

    def _row(self, promotion_id: UUID, code: str, usage_limit: int | None) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "id": new_id(now),
            "promotion_id": promotion_id,
            "code": code,
            "code_key": code_key(code),
            "usage_limit": usage_limit,
            "used": 0,
            "is_active": True,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }

    async def find(self, promotion_id: UUID, query: CouponQuery) -> CouponPage:
        """Return a page of the coupons of a promotion.

        Raises:
            PromotionNotFound: the promotion does not exist.
        """
        await self._promotions.get(promotion_id)
        found, following = await self._coupons.find(promotion_id, query)
        return CouponPage(items=[CouponRead.model_validate(each) for each in found], next=following)

    async def get(self, promotion_id: UUID, coupon_id: UUID) -> CouponRead:
        """Return a coupon of a promotion.

        Raises:
            PromotionNotFound, CouponNotFound: the promotion or the coupon does not exist.
        """
        await self._promotions.get(promotion_id)
        return CouponRead.model_validate(await self._coupons.get_of(promotion_id, coupon_id))

    async def change(
        self,
        caller: Caller,
        promotion_id: UUID,
        coupon_id: UUID,
        change: CouponChange,
        if_match: str | None = None,
    ) -> CouponRead:
        """Change a coupon of a promotion.

        Raises:
            PromotionNotFound, CouponNotFound, PreconditionFailed: nothing is changed.
            InvalidInput: the coupon has been used more often than its limit allows.
        """
        await self._promotions.get(promotion_id)
        coupon: Coupon = await self._coupons.get_of(promotion_id, coupon_id, lock=True)
        require_match(if_match, CouponRead.model_validate(coupon))
        for name, value in change.changes().items():
            setattr(coupon, name, value)
        if reasons := limit_reasons(coupon.usage_limit, coupon.used):
            raise InvalidInput.in_body(*reasons)
        coupon.updated_at = self._clock.now()
        coupon.version += 1
        await self._coupons.flush()
        changed = CouponRead.model_validate(coupon)
        detail = changed.model_dump(include={"code", "usage_limit", "is_active"})
        await self._audit.record(PromotionsAudited.COUPON_CHANGED, caller, coupon_id, **detail)
        return changed


def _random_code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "code_key"}

"""Promotions, as staff manages them."""

from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import InvalidInput
from app.models import Promotion
from app.repositories.catalogue.category_repository import CategoryRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.promotions.promotion_repository import PromotionRepository
from app.schemas.promotions.promotion_schema import (
    PromotionChange,
    PromotionCreate,
    PromotionPage,
    PromotionQuery,
    PromotionRead,
)
from app.security.areas.promotions import PromotionsAudited
from app.security.principal import Caller
from app.services.preconditions import require_match
from app.services.promotions.promotion_terms import absent_reasons, columns_of, require_fitting
from app.services.system.audit_service import AuditService


class PromotionRecords:
    """Adds, returns, changes and ends promotions."""

    def __init__(
        self,
        promotions: PromotionRepository,
        categories: CategoryRepository,
        products: ProductRepository,
        audit: AuditService,
        clock: Clock,
    ) -> None:
        self._promotions = promotions
        self._categories = categories
        self._products = products
        self._audit = audit
        self._clock = clock

    async def add(self, caller: Caller, data: PromotionCreate) -> PromotionRead:
        """Add a promotion.

        Raises:
            InvalidInput: a field does not fit the effect, or names something that does not exist.
        """
        now = self._clock.now()
        given = dict(data)
        await self._require_existing(given)
        promotion = Promotion(
            id=new_id(now),
            used=0,
            created_at=now,
            updated_at=now,
            version=1,
            **columns_of(given),
        )
        require_fitting(promotion)
        added = PromotionRead.model_validate(await self._promotions.add(promotion))
        await self._audit.record(
            PromotionsAudited.PROMOTION_ADDED, caller, promotion.id, **added.audited()
        )
        return added

    async def get(self, promotion_id: UUID) -> PromotionRead:
        """Return a promotion.

        Raises:
            PromotionNotFound: the promotion does not exist, or has ended.
        """
        return PromotionRead.model_validate(await self._promotions.get(promotion_id))

    async def find(self, query: PromotionQuery) -> PromotionPage:
        """Return a page of promotions."""
        found, following = await self._promotions.find(query)
        return PromotionPage(
            items=[PromotionRead.model_validate(each) for each in found], next=following
        )

    async def change(
        self,
        caller: Caller,
        promotion_id: UUID,
        change: PromotionChange,
        if_match: str | None = None,
    ) -> PromotionRead:
        """Change a promotion.

        Raises:
            PromotionNotFound, PreconditionFailed: nothing is changed.
            InvalidInput: a field does not fit the effect, or names something that does not exist.
        """
        promotion = await self._promotions.get(promotion_id, lock=True)
        require_match(if_match, PromotionRead.model_validate(promotion))
        given = dict(change.changes())
        await self._require_existing(given)
        for name, value in columns_of(given).items():
            setattr(promotion, name, value)
        require_fitting(promotion)
        promotion.updated_at = self._clock.now()
        promotion.version += 1
        await self._promotions.flush()
        changed = PromotionRead.model_validate(promotion)
        await self._audit.record(
            PromotionsAudited.PROMOTION_CHANGED, caller, promotion_id, **changed.audited()
        )
        return changed

    async def end(self, caller: Caller, promotion_id: UUID, if_match: str | None = None) -> None:
        """End a promotion permanently, and delete those of its parts that no order ever used.

        Raises:
            PromotionNotFound: the promotion does not exist, or has ended.
            PreconditionFailed: the resource has changed since the caller read it.
        """
        promotion = await self._promotions.get(promotion_id, lock=True)
        shown = PromotionRead.model_validate(promotion)
        require_match(if_match, shown)
        detail = shown.audited()
        await self._promotions.delete_unused_coupons(promotion_id)
        if await self._promotions.is_redeemed(promotion_id):
            promotion.archived_at = promotion.updated_at = self._clock.now()
            promotion.version += 1
            await self._promotions.flush()
        else:
            await self._promotions.delete(promotion)
        await self._audit.record(PromotionsAudited.PROMOTION_ENDED, caller, promotion_id, **detail)

    async def _require_existing(self, given: dict[str, Any]) -> None:
        """Require that categories and products exist.

        Raises:
            InvalidInput: the error names each missing one.
        """
        reasons = []
        for name, rows in (("category_ids", self._categories), ("product_ids", self._products)):
            if ids := given.get(name):
                texts = [str(each) for each in ids]
                reasons += absent_reasons(name, texts, await rows.existing(ids))
        if reasons:
            raise InvalidInput.in_body(*reasons)

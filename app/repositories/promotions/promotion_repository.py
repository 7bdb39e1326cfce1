"""Queries over promotions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, delete, exists, select

from app.errors import PromotionNotFound
from app.models import Coupon, Promotion, Redemption
from app.repositories.base import Repository
from app.schemas.page_schema import PageQuery


class PromotionRepository(Repository[Promotion]):
    """Promotions that have not been archived."""

    model = Promotion
    not_found = PromotionNotFound

    def query(self) -> Select[Promotion]:
        """Return the promotions that are not archived."""
        return select(Promotion).where(Promotion.archived_at.is_(None))

    async def find(self, query: PageQuery) -> tuple[Sequence[Promotion], str | None]:
        """Return a page of promotions, and the cursor of the next page."""
        return await self.page(
            self.query(),
            Promotion.created_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def is_redeemed(self, promotion_id: UUID) -> bool:
        """Return whether an order ever used a promotion."""
        used = exists().where(Redemption.promotion_id == promotion_id)
        return bool(await self.session.scalar(select(used)))

    async def delete_unused_coupons(self, promotion_id: UUID) -> None:
        """Delete the coupons of a promotion that no order ever used."""
        used = exists().where(Redemption.coupon_id == Coupon.id)
        await self.session.execute(
            delete(Coupon)
            .where(Coupon.promotion_id == promotion_id, ~used)
            .execution_options(synchronize_session=False)
        )

"""Queries over coupons."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.errors import CouponExists, CouponNotFound
from app.models import Coupon
from app.repositories.base import Repository
from app.repositories.bulk import among, insert_rows, table_of
from app.schemas.page_schema import PageQuery


class CouponRepository(Repository[Coupon]):
    """Coupons of promotions."""

    model = Coupon
    not_found = CouponNotFound
    conflicts = {"code_key": CouponExists}

    async def get_of(self, promotion_id: UUID, coupon_id: UUID, *, lock: bool = False) -> Coupon:
        """Return a coupon of a promotion.

        Raises:
            CouponNotFound: the promotion has no such coupon.
        """
        query = self.query().where(Coupon.id == coupon_id, Coupon.promotion_id == promotion_id)
        return await self._one(query, coupon_id, lock=lock)

    async def find(
        self, promotion_id: UUID, query: PageQuery
    ) -> tuple[Sequence[Coupon], str | None]:
        """Return a page of the coupons of a promotion, and the cursor of the next page."""
        return await self.page(
            self.query().where(Coupon.promotion_id == promotion_id),
            Coupon.created_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def taken(self, keys: Collection[str]) -> set[str]:
        """Return the keys of codes that are taken."""
        query = select(Coupon.code_key).where(among(self.session, Coupon.code_key, keys))
        return set(await self.session.scalars(query))

    async def add_all(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add coupons, given as columns.

        Raises:
            CouponExists: a code is taken.
        """
        with self.refusing_taken():
            await insert_rows(self.session, (table_of(Coupon), rows))

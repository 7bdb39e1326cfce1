"""Queries over shipping methods."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import exists, select

from app.errors import ShippingMethodNotFound
from app.models import ShippingMethod
from app.repositories.base import Repository
from app.repositories.bulk import among
from app.schemas.page_schema import PageQuery


class ShippingMethodRepository(Repository[ShippingMethod]):
    """Shipping methods with their rates."""

    model = ShippingMethod
    not_found = ShippingMethodNotFound

    async def find(self, query: PageQuery) -> tuple[Sequence[ShippingMethod], str | None]:
        """Return a page of shipping methods, and the cursor of the next page."""
        return await self.page(
            self.query(),
            ShippingMethod.position,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def of_ids(self, ids: Collection[UUID]) -> dict[UUID, ShippingMethod]:
        """Return the shipping methods that exist."""
        query = select(ShippingMethod).where(among(self.session, ShippingMethod.id, set(ids)))
        return {each.id: each for each in await self.session.scalars(query)}

    async def has_active(self) -> bool:
        """Return whether there is a shipping method that customers can choose."""
        return bool(await self.session.scalar(select(exists().where(ShippingMethod.is_active))))

    async def active(self) -> Sequence[ShippingMethod]:
        """Return the shipping methods that customers can choose, in their order."""
        query = select(ShippingMethod).where(ShippingMethod.is_active)
        rows = await self.session.scalars(
            query.order_by(ShippingMethod.position, ShippingMethod.id)
        )
        return rows.all()

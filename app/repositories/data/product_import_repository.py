"""Queries over products for the import of many products and orders."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Product, StockMovement
from app.repositories.bulk import among


class ProductImportRepository:
    """Products that rows of a file name."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def by_sku(self, skus: Collection[str]) -> dict[str, Any]:
        """Return the products with these SKUs, including archived ones, without locking them."""
        columns = (
            Product.id,
            Product.sku,
            Product.name,
            Product.description,
            Product.category,
            Product.price_minor,
            Product.is_active,
            Product.stock_quantity,
            Product.archived_at,
        )
        rows = await self._session.execute(
            select(*columns).where(among(self._session, Product.sku, set(skus)))
        )
        return {row.sku: row for row in rows}

    async def redate_movements(
        self, product_ids: Collection[UUID], source: str, before: datetime, after: datetime
    ) -> None:
        """Give the stock movements of a source that happened at one moment another one."""
        await self._session.execute(
            update(StockMovement)
            .where(
                among(self._session, StockMovement.product_id, product_ids),
                StockMovement.source == source,
                StockMovement.created_at == before,
            )
            .values(created_at=after)
            .execution_options(synchronize_session=False)
        )

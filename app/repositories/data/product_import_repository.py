"""Queries over products, for the import of products and orders."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Product, StockMovement, Variant
from app.repositories.bulk import among


class ProductImportRepository:
    """Products that rows of a file name."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def by_sku(self, skus: Collection[str]) -> dict[str, Any]:
        """Return the variants with these SKUs, including archived ones, without locking them."""
        columns = (
            Variant.id,
            Variant.product_id,
            Variant.sku,
            Variant.option1,
            Variant.option2,
            Variant.option3,
            Variant.price_minor,
            Variant.compare_at_minor,
            Variant.stock_quantity,
            Variant.barcode,
            Variant.weight_grams,
            Variant.low_stock_at,
            Variant.tracks_stock,
            Variant.allows_backorder,
            Variant.is_active.label("variant_is_active"),
            Product.name,
            Product.description,
            Product.category,
            Product.primary_category_id,
            Product.option_names,
            Product.is_active,
            Product.tax_class,
            Product.variants_count,
            func.coalesce(Product.archived_at, Variant.archived_at).label("archived_at"),
        )
        rows = await self._session.execute(
            select(*columns)
            .join(Product, Product.id == Variant.product_id)
            .where(among(self._session, Variant.sku, set(skus)))
        )
        return {row.sku: row for row in rows}

    async def redate_movements(
        self, variant_ids: Collection[UUID], source: str, before: datetime, after: datetime
    ) -> None:
        """Change the time of the stock movements of a source that happened at one moment."""
        await self._session.execute(
            update(StockMovement)
            .where(
                among(self._session, StockMovement.variant_id, variant_ids),
                StockMovement.source == source,
                StockMovement.created_at == before,
            )
            .values(created_at=after)
            .execution_options(synchronize_session=False)
        )

"""Products with their variants, for the export of the whole catalogue."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Product, Variant
from app.repositories.bulk import table_of

_products = table_of(Product).c
_variants = table_of(Variant).c
_COLUMNS = (
    _products.id,
    _products.sku.label("product_sku"),
    _products.name,
    _products.description,
    _products.category,
    _products.primary_category_id,
    _products.option_names,
    _products.currency,
    _products.is_active,
    _products.tax_class,
    _variants.sku,
    _variants.option1,
    _variants.option2,
    _variants.option3,
    _variants.price_minor,
    _variants.compare_at_minor,
    _variants.stock_quantity,
    _variants.low_stock_at,
    _variants.tracks_stock,
    _variants.allows_backorder,
    _variants.barcode,
    _variants.weight_grams,
    _variants.is_active.label("variant_is_active"),
)


class ProductExportRepository:
    """All products that are not archived, by their ids."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def after(self, product_id: UUID | None, limit: int) -> Sequence[Any]:
        """Return a row for each variant of the next products, consistent for each product."""
        following = select(_products.id).where(_products.archived_at.is_(None))
        if product_id is not None:
            following = following.where(_products.id > product_id)
        following = following.order_by(_products.id).limit(limit)
        # One statement reads both: two could return variants that do not fit their product.
        rows = await self._session.execute(
            select(*_COLUMNS)
            .join(table_of(Variant), _variants.product_id == _products.id)
            .where(_products.id.in_(following), _variants.archived_at.is_(None))
            .order_by(_products.id, _variants.position, _variants.id)
        )
        return rows.all()

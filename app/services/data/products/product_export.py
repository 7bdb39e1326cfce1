"""All products and variants as a CSV file, which `lavka import` reads without loss."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.core.money import format_minor
from app.schemas.csv_cells import BYTE_ORDER_MARK, csv_text, guarded
from app.schemas.data.import_schema import GUARDED
from app.schemas.name_paths import join_names

EXPORTED = (
    *("product_sku", "sku", "name", "description", "category", "category_path"),
    *("option1_name", "option1_value", "option2_name", "option2_value"),
    *("option3_name", "option3_value", "price", "compare_at_price", "currency"),
    *("stock_quantity", "low_stock_at", "tracks_stock", "allows_backorder"),
    *("barcode", "weight_grams", "tax_class", "is_active", "variant_is_active"),
)
"""The columns of the file."""

Page = tuple[Sequence[Any], Mapping[UUID, tuple[str, ...]]]
"""Rows of variants, and the names of each category from the top."""


class ProductExport:
    """Writes products in the order of their ids, in parts, to need little memory."""

    def __init__(self, page_after: Callable[[UUID | None], Awaitable[Page]]) -> None:
        self._page_after = page_after

    async def parts(self) -> AsyncIterator[str]:
        """Yield the parts of the file.

        Products that are added meanwhile come at the end; changed ones are written as they are
        read.
        """
        yield BYTE_ORDER_MARK + csv_text([EXPORTED])
        last: UUID | None = None
        while True:
            rows, categories = await self._page_after(last)
            if not rows:
                return
            yield csv_text(_cells(row, categories) for row in rows)
            last = rows[-1].id


def _cells(row: Any, categories: Mapping[UUID, tuple[str, ...]]) -> list[Any]:
    above = categories.get(row.primary_category_id, ("",))[:-1]
    compare_at = row.compare_at_minor
    values = {
        "product_sku": row.product_sku,
        "sku": row.sku,
        "name": row.name,
        "description": row.description,
        "category": row.category,
        # A category may be renamed while the file is written.
        "category_path": join_names((*above, row.category)),
        "price": format_minor(row.price_minor, row.currency),
        "compare_at_price": (
            None if compare_at is None else format_minor(compare_at, row.currency)
        ),
        "currency": row.currency,
        "stock_quantity": row.stock_quantity,
        "low_stock_at": row.low_stock_at,
        "tracks_stock": row.tracks_stock,
        "allows_backorder": row.allows_backorder,
        "barcode": row.barcode,
        "weight_grams": row.weight_grams,
        "tax_class": row.tax_class,
        "is_active": row.is_active,
        "variant_is_active": row.variant_is_active,
    }
    for place, name in enumerate(row.option_names, start=1):
        values[f"option{place}_name"] = name
        values[f"option{place}_value"] = getattr(row, f"option{place}")
    return [_cell(name, values.get(name)) for name in EXPORTED]


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return guarded(value) if name in _GUARDED and value else value


_GUARDED = frozenset(GUARDED)

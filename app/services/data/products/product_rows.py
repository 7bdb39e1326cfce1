"""Rows of products, and the products and variants that they describe."""

from collections.abc import Sequence
from typing import Any

from app.schemas.catalogue.product_schema import ProductCreate
from app.schemas.catalogue.variant_schema import Stocked, VariantCreate
from app.schemas.data.import_schema import ProductRow, shown
from app.tables.identity import comparison_key

NumberedRow = tuple[int, ProductRow]
"""A row with its number."""

SHARED = ("name", "description", "category", "category_path", "tax_class", "is_active")
"""The columns that have the same value for all variants of a product."""

OPTION_NAMES = ("option1_name", "option2_name", "option3_name")
OPTION_VALUES = ("option1_value", "option2_value", "option3_value")

OF_VARIANT = (
    "price_minor",
    "compare_at_minor",
    "barcode",
    "weight_grams",
    "low_stock_at",
    "tracks_stock",
    "allows_backorder",
    "variant_is_active",
)
"""The columns of one variant besides its SKU, its stock and its options."""

_ORDINALS = ("first", "second", "third")


def label_of(name: str) -> str:
    """Return the column of a field."""
    return name.removesuffix("_minor").replace("compare_at", "compare_at_price")


def new_product(rows: Sequence[ProductRow]) -> ProductCreate:
    """Return a new product from its valid rows, the first variant first."""
    first, *further = rows
    names = first.option_names
    return ProductCreate.model_construct(
        sku=first.sku,
        name=first.name,
        description=first.description,
        category=first.category,
        price_minor=first.price_minor,
        stock_quantity=first.stock_quantity,
        is_active=first.is_active,
        tax_class=first.tax_class,
        option_values=_values(first, names),
        variants=[new_variant(row, names) for row in further],
        **_stocked(first),
    )


def new_variant(row: ProductRow, names: Sequence[str]) -> VariantCreate:
    """Return a new variant of a product with these options."""
    price: dict[str, Any] = (
        {"price_minor": row.price_minor} if "price_minor" in row.model_fields_set else {}
    )
    its = _stocked(row) | price
    return VariantCreate.model_construct(
        sku=row.sku,
        option_values=_values(row, names),
        stock_quantity=row.stock_quantity,
        is_active=row.variant_is_active,
        **its,
    )


def _values(row: ProductRow, names: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in zip(names, row.option_values) if value is not None}


def _stocked(row: ProductRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Stocked.model_fields.keys()}


def wrong_options(row: ProductRow, names: Sequence[str], *, is_new: bool) -> tuple[str, str] | None:
    """Return the column and the reason if a row does not fit the options of its product."""
    given = (row.option1_name, row.option2_name, row.option3_name)
    for place, (name, value) in enumerate(zip(given, row.option_values)):
        if place >= len(names):
            if name is None and value is None:
                continue
            column = OPTION_VALUES[place] if name is None else OPTION_NAMES[place]
            return column, f"the product has no {_ORDINALS[place]} option"
        if name is not None and comparison_key(name) != comparison_key(names[place]):
            reason = f"is {shown(names[place])} for the product (found {shown(name)})"
            return OPTION_NAMES[place], reason
        if value is None and is_new:
            reason = f"is required, as {names[place]} is an option of the product"
            return OPTION_VALUES[place], reason
    return None

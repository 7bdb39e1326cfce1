"""Products and variants that are not stored yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.core.ids import new_id
from app.core.limits import MAX_OPTIONS
from app.errors import InvalidInput
from app.models import Availability, MovementReason, Product, Variant
from app.repositories.catalogue.stock_repository import movement_row
from app.schemas.catalogue.product_schema import ProductCreate, ProductFields
from app.schemas.catalogue.variant_schema import Stocked, VariantCreate
from app.services.catalogue.listing import derive_listing, note_low_stock, require_higher_compare_at
from app.tables.identity import comparison_key

_OF_VARIANT = ("sku", "stock_quantity", *Stocked.model_fields)


class NewProduct(Struct, frozen=True):
    """A product with its variants; the first one has the id of the product."""

    product: Product
    variants: Sequence[Variant]

    def movements(self, source: str) -> list[dict[str, Any]]:
        """Return the supplies of the initial stock as columns."""
        return supplies_of(self.variants, source)


class Maker(Struct, frozen=True):
    """Builds products and variants at a moment, in a currency."""

    now: datetime
    currency: str
    low_stock_at: int

    def product(self, data: ProductFields, product_id: UUID | None = None) -> NewProduct:
        """Return a new product with its variants.

        Raises:
            InvalidInput: a variant has other options than the product, or a wrong price.
        """
        row_id = product_id or new_id(self.now)
        whole = (
            data
            if isinstance(data, ProductCreate)
            else ProductCreate.model_construct(
                **{name: getattr(data, name) for name in ProductFields.model_fields.keys()},
                **_PLAIN,
            )
        )
        names = list(whole.option_values)
        first = self._variant(row_id, row_id, 1, whole, names, whole.option_values)
        require_higher_compare_at(first)
        variants = [first] + [
            self.variant(each, row_id, place, names, whole.price_minor, f"#/variants/{place - 2}")
            for place, each in enumerate(whole.variants, start=2)
        ]
        product = Product(
            id=row_id,
            name=whole.name,
            description=whole.description,
            category=whole.category,
            tax_class=whole.tax_class,
            option_names=names,
            availability=Availability.OUT_OF_STOCK,
            currency=self.currency,
            is_active=whole.is_active,
            created_at=self.now,
            updated_at=self.now,
            version=1,
        )
        # Whether the product itself is for sale is a column of the product.
        first.is_active = True
        derive_listing(product, variants, self.low_stock_at)
        return NewProduct(product, variants)

    def variant(
        self,
        data: VariantCreate,
        product_id: UUID,
        position: int,
        names: Sequence[str],
        price_minor: int,
        pointer: str = "#",
    ) -> Variant:
        """Return a further variant of a product, at the given price unless it has its own.

        Raises:
            InvalidInput: the variant has other options than the product, or a wrong price.
        """
        values = values_in_order(names, data.option_values, pointer)
        variant = self._variant(new_id(self.now), product_id, position, data, names, values)
        if "price_minor" not in data.model_fields_set:
            variant.price_minor = price_minor
        require_higher_compare_at(variant, pointer)
        return variant

    def _variant(
        self,
        variant_id: UUID,
        product_id: UUID,
        position: int,
        data: Any,
        names: Sequence[str],
        values: Mapping[str, str],
    ) -> Variant:
        variant = Variant(
            id=variant_id,
            product_id=product_id,
            position=position,
            price_minor=data.price_minor,
            is_active=data.is_active,
            created_at=self.now,
            updated_at=self.now,
            version=1,
            **{name: getattr(data, name) for name in _OF_VARIANT},
            **option_columns([values[name] for name in names]),
        )
        note_low_stock(variant, self.now, self.low_stock_at)
        return variant


_PLAIN: dict[str, Any] = {
    name: ProductCreate.model_fields[name].get_default(call_default_factory=True)
    for name in ProductCreate.model_fields.keys() - ProductFields.model_fields.keys()
}


def option_columns(values: Sequence[str]) -> dict[str, str]:
    """Return the option values of a variant as columns, with the keys that compare them."""
    all_values = [*values, *[""] * (MAX_OPTIONS - len(values))]
    columns = {f"option{place}": value for place, value in enumerate(all_values, start=1)}
    return columns | {f"{name}_key": comparison_key(value) for name, value in columns.items()}


def values_in_order(
    names: Sequence[str], given: Mapping[str, str], pointer: str = "#"
) -> dict[str, str]:
    """Return option values by the names of the product's options, in their order.

    Raises:
        InvalidInput: an option has no value, or the product does not have it.
    """
    by_key = {comparison_key(name): (name, value) for name, value in given.items()}
    found = {
        name: by_key.pop(comparison_key(name))[1]
        for name in names
        if comparison_key(name) in by_key
    }
    reasons = [f"must have a value for {name}" for name in names if name not in found]
    reasons += [f"{name} is not an option of the product" for name, _ in by_key.values()]
    if reasons:
        raise InvalidInput.in_body(*((f"{pointer}/option_values", each) for each in reasons))
    return found


def supplies_of(variants: Sequence[Variant], source: str) -> list[dict[str, Any]]:
    """Return the supplies of the initial stock of variants as columns; below 0, it is a count."""
    supply, count = MovementReason.SUPPLY, MovementReason.STOCKTAKE
    return [
        movement_row(
            each.id,
            each.stock_quantity,
            supply if each.stock_quantity > 0 else count,
            source,
            each.created_at,
        )
        for each in variants
        if each.stock_quantity
    ]


def columns_of(row: Product | Variant) -> dict[str, Any]:
    """Return a new row as columns."""
    return {column.key: getattr(row, column.key) for column in type(row).__table__.columns}

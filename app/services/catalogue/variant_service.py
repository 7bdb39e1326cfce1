"""The variants of products."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product as combinations
from uuid import UUID

from app.core.clock import Clock
from app.errors import InvalidInput, LastVariant, TooManyVariants
from app.models import Product, Variant
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.catalogue.variant_repository import VariantRepository
from app.schemas.catalogue.option_schema import MadeVariants, MissingVariants
from app.schemas.catalogue.variant_schema import (
    MAX_VARIANTS,
    VariantChange,
    VariantCreate,
    VariantPage,
    VariantQuery,
    VariantRead,
    options_of,
)
from app.security.principal import Caller
from app.services.catalogue.catalogue_changes import CatalogueChanges, stock_of
from app.services.catalogue.new_product import (
    Maker,
    columns_of,
    option_columns,
    supplies_of,
    values_in_order,
)
from app.services.catalogue.stock_service import one_of
from app.services.preconditions import require_match
from app.tables.identity import comparison_key

_SKU_LENGTH = 64


class VariantService:
    """Adds, returns, changes and archives variants."""

    def __init__(
        self,
        products: ProductRepository,
        variants: VariantRepository,
        stock: StockRepository,
        changes: CatalogueChanges,
        clock: Clock,
        currency: str,
        low_stock_at: int,
    ) -> None:
        self._products = products
        self._variants = variants
        self._stock = stock
        self._clock = clock
        self._changes = changes
        self._currency = currency
        self._low_stock_at = low_stock_at

    async def get(self, variant_id: UUID, currency: str | None = None) -> VariantRead:
        """Return a variant, with its price in a currency.

        Raises:
            VariantNotFound: the variant does not exist.
            NotSoldInCurrency: the variant has no price in the currency.
        """
        variant = await self._variants.shown(variant_id, currency)
        names = await self._variants.option_names_of([variant.product_id])
        return VariantRead.of(
            variant,
            names[variant.product_id],
            self._low_stock_at,
            tells_source=currency is not None,
        ).in_currency(currency or self._currency)

    async def find(self, query: VariantQuery) -> VariantPage:
        """Return a page of variants."""
        variants, following = await self._variants.find(query)
        names = await self._variants.option_names_of([each.product_id for each in variants])
        return VariantPage(
            items=[self._shown(each, names[each.product_id]) for each in variants],
            next=following,
        )

    async def add(self, caller: Caller, product_id: UUID, data: VariantCreate) -> VariantRead:
        """Add a variant with its initial stock.

        Raises:
            ProductNotFound: the product does not exist.
            InvalidInput: the variant has other options than the product.
            SkuTaken, VariantExists, TooManyVariants: nothing is added.
        """
        product = await self._products.get(product_id, lock=True)
        variants = list(product.variants)
        (added,) = await self._add(caller, product, variants, [data], variants[0].price_minor)
        return self._shown(added, product.option_names)

    async def add_missing(
        self, caller: Caller, product_id: UUID, data: MissingVariants
    ) -> MadeVariants:
        """Add a variant for each combination of option values that has none.

        Raises:
            ProductNotFound: the product does not exist.
            InvalidInput: the product does not have an option.
            SkuTaken, TooManyVariants: nothing is added.
        """
        product = await self._products.get(product_id, lock=True)
        variants = list(product.variants)
        missing = list(_missing(product, variants, data))
        _require_room(product, len(variants) + len(missing))
        price_minor = variants[0].price_minor
        if "price_minor" in data.model_fields_set:
            price_minor = data.price_minor
        added = await self._add(caller, product, variants, missing, price_minor) if missing else []
        return MadeVariants(items=[self._shown(each, product.option_names) for each in added])

    async def change(
        self, caller: Caller, variant_id: UUID, change: VariantChange, if_match: str | None = None
    ) -> VariantRead:
        """Change a variant; a counted stock is recorded as its difference from the stored one.

        Raises:
            VariantNotFound, PreconditionFailed: nothing is changed.
            InvalidInput: the option values are not those of the product's options.
            SkuTaken, VariantExists: another variant has the SKU or the values.
        """
        product, variants = await self._locked(variant_id)
        variant = one_of(variants, variant_id)
        names = product.option_names
        require_match(if_match, self._shown(variant, names))
        changes, now, before = dict(change.changes()), self._clock.now(), stock_of(variants)
        if (given := changes.pop("option_values", None)) is not None:
            values = values_in_order(names, given)
            changes |= option_columns([values[name] for name in names])
        if (position := changes.pop("position", None)) is not None:
            variants = _moved_to(variants, variant, position)
        await self._changes.change_variant(caller, product, variant, changes, now)
        await self._changes.store(product, variants, before, now)
        return self._shown(variant, names)

    async def archive(self, variant_id: UUID, if_match: str | None = None) -> None:
        """Archive a variant; orders that contain it keep it.

        Raises:
            VariantNotFound: the variant does not exist.
            LastVariant: its product has no other one.
            PreconditionFailed: the resource has changed since the caller read it.
        """
        product, variants = await self._locked(variant_id)
        variant = one_of(variants, variant_id)
        require_match(if_match, self._shown(variant, product.option_names))
        if len(variants) == 1:
            raise LastVariant(
                f"{product.name} has no other variant; archive the product",
                product_id=str(product.id),
            )
        now = self._clock.now()
        variant.archived_at = variant.updated_at = now
        variant.is_active = False
        variant.version += 1
        variants.remove(variant)
        await self._changes.store(product, variants, {}, now)

    def _shown(self, variant: Variant, option_names: Sequence[str]) -> VariantRead:
        return VariantRead.of(variant, option_names, self._low_stock_at).in_currency(self._currency)

    async def _locked(self, variant_id: UUID) -> tuple[Product, list[Variant]]:
        product_id = await self._variants.product_of(variant_id)
        product = await self._products.get(product_id, lock=True)
        return product, list(product.variants)

    async def _add(
        self,
        caller: Caller,
        product: Product,
        variants: list[Variant],
        wanted: Sequence[VariantCreate],
        price_minor: int,
    ) -> list[Variant]:
        _require_room(product, len(variants) + len(wanted))
        maker = Maker(self._clock.now(), self._currency, self._low_stock_at)
        last = max(each.position for each in variants)
        added = [
            maker.variant(data, product.id, place, product.option_names, price_minor)
            for place, data in enumerate(wanted, start=last + 1)
        ]
        await self._variants.add_all(product.id, [columns_of(each) for each in added])
        await self._stock.add_movements(supplies_of(added, caller.name))
        await self._changes.store(product, [*variants, *added], {}, maker.now)
        return added


def _require_room(product: Product, count: int) -> None:
    if count > MAX_VARIANTS:
        raise TooManyVariants(
            f"{product.name} would have {count} variants, and {MAX_VARIANTS} are allowed",
            product_id=str(product.id),
            limit=MAX_VARIANTS,
        )


def _moved_to(variants: list[Variant], variant: Variant, position: int) -> list[Variant]:
    """Return variants in an order in which one of them has a position, and number them."""
    others = [each for each in variants if each is not variant]
    others.insert(position - 1, variant)
    for place, each in enumerate(others, start=1):
        each.position = place
    return others


def _missing(
    product: Product, variants: Sequence[Variant], data: MissingVariants
) -> Iterator[VariantCreate]:
    """Yield variants for the combinations of option values that no variant has."""
    values = _all_values(product, variants, data.option_values)
    names = product.option_names
    present = {
        tuple(getattr(each, f"option{place}_key") for place in range(1, len(names) + 1))
        for each in variants
    }
    taken = {each.sku.casefold() for each in variants}
    for combination in combinations(*values):
        if tuple(map(comparison_key, combination)) in present:
            continue
        sku = _sku_of(variants[0].sku, combination, taken)
        yield VariantCreate(sku=sku, option_values=dict(zip(names, combination, strict=True)))


def _all_values(
    product: Product, variants: Sequence[Variant], further: Mapping[str, Sequence[str]]
) -> list[list[str]]:
    known = {
        comparison_key(each.name): {comparison_key(value): value for value in each.values}
        for each in options_of(variants, product.option_names)
    }
    for name, given in further.items():
        if (values := known.get(comparison_key(name))) is None:
            reason = f"{name} is not an option of the product"
            raise InvalidInput.in_body(("#/option_values", reason))
        for value in given:
            values.setdefault(comparison_key(value), value)
    return [list(values.values()) for values in known.values()]


def _sku_of(base: str, combination: Sequence[str], taken: set[str]) -> str:
    """Return an SKU for a combination: that of the first variant, with the values in ASCII."""
    words = [
        "".join(part for part in each if part.isascii() and part.isalnum()) for each in combination
    ]
    ending = "-".join(each[:12] for each in words if each)
    sku = f"{base[:_SKU_LENGTH - len(ending) - 5]}-{ending}" if ending else base[: _SKU_LENGTH - 5]
    number, unique = 1, sku
    while unique.casefold() in taken:
        number += 1
        unique = f"{sku}-{number}"
    taken.add(unique.casefold())
    return unique

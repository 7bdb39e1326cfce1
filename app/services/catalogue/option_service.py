"""The options of products: the names by which variants differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.core.clock import Clock
from app.errors import InvalidInput, VariantsWouldCollide
from app.models import Product, Variant
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.variant_repository import VariantRepository
from app.schemas.catalogue.option_schema import (
    OptionChange,
    OptionsChange,
    OptionsChanged,
    RenamedOption,
)
from app.schemas.catalogue.product_schema import ProductRead
from app.schemas.catalogue.variant_schema import OptionRead
from app.services.catalogue.catalogue_changes import CatalogueChanges
from app.services.catalogue.new_product import option_columns
from app.services.preconditions import require_match
from app.tables.identity import comparison_key

Values = tuple[str, ...]


class OptionService:
    """Adds, renames and removes the options of a product."""

    def __init__(
        self,
        products: ProductRepository,
        variants: VariantRepository,
        changes: CatalogueChanges,
        clock: Clock,
        low_stock_at: int,
    ) -> None:
        self._products = products
        self._variants = variants
        self._changes = changes
        self._clock = clock
        self._low_stock_at = low_stock_at

    async def change(
        self, product_id: UUID, data: OptionsChange, if_match: str | None, *, is_preview: bool
    ) -> OptionsChanged:
        """Give a product other options, or only return what that would change.

        Raises:
            ProductNotFound, PreconditionFailed: nothing is changed.
            InvalidInput: a new option has no value, or a former name or value does not exist.
            VariantsWouldCollide: several variants would have the same values.
        """
        product = await self._products.get(product_id, lock=not is_preview)
        variants = list(product.variants)
        require_match(if_match, ProductRead.of(product, variants, self._low_stock_at))
        plan = _Plan.of(product.option_names, data.options)
        values = {each: plan.values_of(each) for each in variants}
        _require_different(product, values)
        changed = [each for each in variants if values[each] != _values_of(each, product)]
        outcome = OptionsChanged(
            options=plan.shown(list(values.values())),
            made=plan.made,
            renamed=plan.renamed,
            removed=plan.removed,
            changed_variants=[each.id for each in changed],
            is_preview=is_preview,
        )
        if not is_preview:
            await self._store(product, variants, plan, {each: values[each] for each in changed})
        return outcome

    async def _store(
        self,
        product: Product,
        variants: Sequence[Variant],
        plan: "_Plan",
        changed: Mapping[Variant, Values],
    ) -> None:
        now = self._clock.now()
        product.option_names = plan.names
        for variant, values in changed.items():
            variant.updated_at = now
            variant.version += 1
        if changed:
            await self._products.flush()
            await self._variants.set_option_values(
                [{"id": each.id, **option_columns(values)} for each, values in changed.items()]
            )
            variants = list((await self._products.get(product.id, lock=True)).variants)
        await self._changes.store(product, variants, {}, now)


@dataclass(slots=True)
class _Plan:
    """The options that a product will have, and the sources of their values."""

    names: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    renamed: list[RenamedOption] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    # The place of each option among the current ones, or the value of a new one.
    _sources: list[int | str] = field(default_factory=list)
    _new_values: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, present: Sequence[str], wanted: Sequence[OptionChange]) -> "_Plan":
        """Return the plan for the requested options.

        Raises:
            InvalidInput: a new option has no value, or a former name does not exist.
        """
        plan = cls()
        places = {comparison_key(name): place for place, name in enumerate(present, start=1)}
        for number, option in enumerate(wanted):
            pointer = f"#/options/{number}"
            former = option.former_name or option.name
            place = places.pop(comparison_key(former), None)
            if place is None:
                if option.former_name is not None:
                    reason = f"the product has no option {former}"
                    raise InvalidInput.in_body((f"{pointer}/former_name", reason))
                if option.value is None:
                    raise InvalidInput.in_body((f"{pointer}/value", "is required for a new option"))
                plan.made.append(option.name)
            elif present[place - 1] != option.name:
                plan.renamed.append(RenamedOption(before=present[place - 1], after=option.name))
            plan.names.append(option.name)
            plan._sources.append(place or option.value or "")
            plan._new_values.append(
                {comparison_key(old): new for old, new in option.renamed_values.items()}
            )
        plan.removed = [present[place - 1] for place in places.values()]
        return plan

    def values_of(self, variant: Variant) -> Values:
        """Return the values that a variant will have."""
        values = []
        for source, renamed in zip(self._sources, self._new_values, strict=True):
            value = source if isinstance(source, str) else getattr(variant, f"option{source}")
            values.append(renamed.get(comparison_key(value), value))
        return tuple(values)

    def shown(self, values: Sequence[Values]) -> list[OptionRead]:
        """Return the options with the values of all variants."""
        return [
            OptionRead(name=name, values=list(dict.fromkeys(each[place] for each in values)))
            for place, name in enumerate(self.names)
        ]


def _values_of(variant: Variant, product: Product) -> Values:
    return tuple(
        getattr(variant, f"option{place}") for place in range(1, len(product.option_names) + 1)
    )


def _require_different(product: Product, values: Mapping[Variant, Values]) -> None:
    alike: dict[Values, list[Variant]] = {}
    for variant, its in values.items():
        alike.setdefault(tuple(map(comparison_key, its)), []).append(variant)
    if colliding := [group for group in alike.values() if len(group) > 1]:
        raise VariantsWouldCollide(
            f"{product.name} would have several variants with the same option values",
            variants=[
                [{"variant_id": str(each.id), "sku": each.sku} for each in group]
                for group in colliding
            ],
        )

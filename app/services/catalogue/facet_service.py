"""Facets of products: the filters that can narrow a list, with the numbers of products."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from app.cache.areas.catalogue import PRODUCT_LISTS
from app.cache.cache import Cache, Found
from app.cache.representation import Representation
from app.core.money import format_minor
from app.models import Availability
from app.repositories.catalogue.category_repository import CategoryRepository
from app.repositories.catalogue.facet_repository import (
    PRICE_STEPS,
    Counted,
    CountedOption,
    FacetRepository,
)
from app.schemas.catalogue.facet_schema import (
    MAX_FACET_VALUES,
    MAX_FACETS,
    FacetList,
    FacetQuery,
    FacetRead,
    FacetValue,
)
from app.schemas.catalogue.option_filter import PREFIX, escaped

_NAMES = {
    Availability.IN_STOCK: "In stock",
    Availability.LOW: "Low stock",
    Availability.BACKORDER: "On backorder",
    Availability.OUT_OF_STOCK: "Out of stock",
}
_MAX_MINOR = 10**12 - 1


class FacetService:
    """Counts the products for sale by the values of their facets."""

    def __init__(
        self,
        facets: FacetRepository,
        categories: CategoryRepository,
        currency: str,
        cache: Cache,
    ) -> None:
        self._facets = facets
        self._categories = categories
        self._currency = currency
        self._cache = cache

    async def find(self, query: FacetQuery) -> Found:
        """Return the facets of the products that match filters.

        Each facet is counted without its own filter; the categories are the children of the
        requested one.
        """

        async def load() -> Representation:
            within = await self._facets.category_condition(query)
            asked = await self._facets.asked_categories(query)
            tree = _Children(await self._categories.all(), asked, query.category is None)
            counted = await self._facets.counted(query, within, tree.names.keys())
            fixed = [
                _category(counted, tree),
                self._price(counted),
                _availability(counted),
            ]
            options = _options(counted)
            return Representation.of(FacetList(items=[*fixed, *options][:MAX_FACETS]))

        key = f"facets {query.model_dump_json()}"
        return await self._cache.show_list(PRODUCT_LISTS, key, load)

    def _price(self, counted: Counted) -> FacetRead:
        values = []
        for step, count in sorted(counted.by_step.items()):
            low = PRICE_STEPS[step - 1] if step else 0
            high = PRICE_STEPS[step] - 1 if step < len(PRICE_STEPS) else _MAX_MINOR
            least, most = (format_minor(each, self._currency) for each in (low, high))
            shown = f"{least}-{most}"
            values.append(
                FacetValue(value=shown, name=shown, count=count, min_price=least, max_price=most)
            )
        return FacetRead(facet="price", name="Price", values=values)


class _Children:
    """The visible children of the requested categories, or the visible categories at the top."""

    def __init__(self, tree: Sequence[Any], asked: set[UUID], is_whole: bool) -> None:
        self.names: dict[UUID, str] = {
            each.id: each.name
            for each in tree
            if each.is_active and (each.parent_id is None if is_whole else each.parent_id in asked)
        }
        self._parents: dict[UUID, UUID | None] = {each.id: each.parent_id for each in tree}

    def above(self, category_id: UUID | None) -> Iterator[UUID]:
        """Yield the children that are a category or its ancestors."""
        while category_id is not None:
            if category_id in self.names:
                yield category_id
            category_id = self._parents.get(category_id)


def _category(counted: Counted, tree: _Children) -> FacetRead:
    counts = Counter(counted.by_further)
    for category_id, count in counted.by_category.items():
        for child in tree.above(category_id):
            counts[child] += count
    values = [
        FacetValue(value=str(each), name=tree.names[each], count=count)
        for each, count in counts.items()
    ]
    return FacetRead(facet="category", name="Category", values=_most(values))


def _availability(counted: Counted) -> FacetRead:
    counts = counted.by_availability
    values = [
        FacetValue(value=word, name=name, count=counts[word])
        for word, name in _NAMES.items()
        if counts[word]
    ]
    return FacetRead(facet="availability", name="Availability", values=_most(values))


def _options(counted: Counted) -> list[FacetRead]:
    facets: dict[str, list[CountedOption]] = {}
    for row in counted.options:
        facets.setdefault(row.facet, []).append(row)
    found = [
        FacetRead(
            facet=PREFIX + its[0].name,
            name=its[0].name,
            values=_most(
                [
                    FacetValue(value=escaped(each.label), name=each.label, count=each.products)
                    for each in its
                ]
            ),
        )
        for its in facets.values()
    ]
    return sorted(found, key=lambda each: (-sum(one.count for one in each.values), each.name))


def _most(values: Sequence[FacetValue]) -> list[FacetValue]:
    ordered = sorted(values, key=lambda each: (-each.count, each.name, each.value))
    return ordered[:MAX_FACET_VALUES]

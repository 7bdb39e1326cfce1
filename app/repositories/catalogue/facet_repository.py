"""The facets of products: written with a product, and counted."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, distinct, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Availability, Category, Product, ProductCategory, ProductFacet, Variant
from app.repositories.bulk import among, insert_rows, table_of
from app.repositories.catalogue.category_filter import CategoryFilter
from app.repositories.catalogue.category_repository import PATH_END
from app.repositories.catalogue.product_filter import ProductConditions
from app.schemas.catalogue.facet_schema import MAX_FACET_VALUES, FacetQuery
from app.tables.catalogue import MAX_OPTIONS
from app.tables.identity import comparison_key

FACETS = table_of(ProductFacet)
"""The table of the facets."""
PRICE_STEPS = tuple(step * 10**places for places in range(13) for step in (1, 2, 5))
"""Where ranges of prices begin, in minor units, after the one that begins at 0."""
_MOST_ROWS = 5_000
_facets = FACETS.c
_further = table_of(ProductCategory)
_categories = table_of(Category)

_OF_PRODUCT = ("id", "option_names", "is_active", "archived_at")
_OF_VARIANT = (
    "is_active",
    *(f"option{place}{end}" for place in range(1, MAX_OPTIONS + 1) for end in ("", "_key")),
)

Row = Mapping[str, Any]
Condition = ColumnElement[bool]


class Group(NamedTuple):
    """Products of an availability and a range of prices."""

    availability: Availability
    step: int
    in_range: bool
    products: int


class FacetRepository:
    """The facets of products in the session of the caller."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def replace(self, product: Product, variants: Sequence[Variant]) -> None:
        """Write the facets of a changed product."""
        its_variants = [_columns(each, _OF_VARIANT) for each in variants]
        rows = list(_facets_of(_columns(product, _OF_PRODUCT), its_variants))
        of_it = _facets.product_id == product.id
        stored = (await self._session.execute(select(FACETS).where(of_it))).mappings().all()
        if _sorted(stored) != _sorted(rows):
            await self._session.execute(delete(FACETS).where(of_it))
            await insert_rows(self._session, (FACETS, rows))

    async def category_condition(self, query: FacetQuery) -> list[Condition]:
        """Return the condition of the category of a query, if it has one."""
        if query.category is None:
            return []
        return [await CategoryFilter(self._session).condition(query.category)]

    async def asked_categories(self, query: FacetQuery) -> set[UUID]:
        """Return the categories that a query names."""
        if query.category is None:
            return set()
        return await CategoryFilter(self._session).asked(query.category)

    async def groups(self, query: FacetQuery, within: Sequence[Condition]) -> list[Group]:
        """Return the numbers of products by availability and range of prices.

        The filters of price and stock are not applied; `in_range` tells which match the former.
        """
        its = ProductConditions(self._session, query)
        # First by price, in the order of an index: few prices are left to find the ranges of.
        by_price = (
            select(Product.availability, Product.price_minor, func.count().label("count"))
            .where(*its.general(), *its.of_options(), *within)
            .group_by(Product.availability, Product.price_minor)
            .subquery()
        )
        price = by_price.c.price_minor
        bounds = ((query.min_price, price.__ge__), (query.max_price, price.__le__))
        matched = [compare(bound) for bound, compare in bounds if bound is not None]
        in_range = case((and_(*matched), 1), else_=0) if matched else literal_column("1")
        rows = await self._session.execute(
            select(
                by_price.c.availability,
                _step(price).label("step"),
                in_range.label("in_range"),
                func.sum(by_price.c.count).label("products"),
            ).group_by(*map(literal_column, ("1", "2", "3")))
        )
        return [Group(row[0], row[1], bool(row[2]), int(row[3])) for row in rows]

    async def by_category(
        self, query: FacetQuery, within: Sequence[Condition]
    ) -> Sequence[tuple[UUID | None, int]]:
        """Return the numbers of products by primary category."""
        rows = await self._session.execute(
            select(Product.primary_category_id, func.count())
            .where(*ProductConditions(self._session, query).all(), *within)
            .group_by(Product.primary_category_id)
        )
        return [(row[0], row[1]) for row in rows]

    async def by_further_category(
        self, query: FacetQuery, within: Sequence[Condition], shown: Collection[UUID]
    ) -> Sequence[tuple[UUID, int]]:
        """Return the numbers of products that only a further category puts below the shown ones."""
        top, below = _categories.alias("top"), _categories.alias("below")
        places = (
            select(below.c.id, top.c.id.label("shown_id"))
            .join(top, (below.c.path >= top.c.path) & (below.c.path < top.c.path + PATH_END))
            .where(among(self._session, top.c.id, shown))
            .cte("places")
        )
        primary = places.alias("primary_places")
        rows = await self._session.execute(
            select(places.c.shown_id, func.count(distinct(Product.id)))
            .select_from(_further)
            .join(places, places.c.id == _further.c.category_id)
            .join(Product, Product.id == _further.c.product_id)
            .outerjoin(
                primary,
                (primary.c.id == Product.primary_category_id)
                & (primary.c.shown_id == places.c.shown_id),
            )
            .where(primary.c.id.is_(None), *ProductConditions(self._session, query).all(), *within)
            .group_by(places.c.shown_id)
        )
        return [(row[0], row[1]) for row in rows]

    async def option_values(self, query: FacetQuery, within: Sequence[Condition]) -> Sequence[Any]:
        """Return the values of options with the numbers of products, without the options' own
        filters."""
        its = ProductConditions(self._session, query)
        filtered = list(query.options)
        rows = await self._counted(its, within, None, _facets.facet.not_in(filtered))
        for facet in filtered:
            rows += await self._counted(its, within, facet, _facets.facet == facet)
        return rows

    async def _counted(
        self,
        its: ProductConditions,
        within: Sequence[Condition],
        facet: str | None,
        counted: Condition,
    ) -> list[Any]:
        counts = select(_facets.facet, _facets.value, func.count().label("count")).where(counted)
        options = list(its.of_options(facet))
        if options or within or not its.are_general:
            counts = counts.join(Product, Product.id == _facets.product_id).where(
                *its.general(), *its.of_price(), *its.of_stock(), *options, *within
            )
        # Only the values that are shown are looked up.
        grouped = counts.group_by(_facets.facet, _facets.value).subquery()
        place = func.row_number().over(
            partition_by=grouped.c.facet, order_by=(grouped.c.count.desc(), grouped.c.value)
        )
        placed = select(grouped, place.label("place")).subquery()
        rows = await self._session.execute(
            select(
                placed.c.facet,
                placed.c.value,
                placed.c.count,
                _spelling(_facets.name, placed).label("name"),
                _spelling(_facets.label, placed).label("label"),
            )
            .where(placed.c.place <= MAX_FACET_VALUES)
            .order_by(placed.c.place)
            .limit(_MOST_ROWS)
        )
        return list(rows)


def _step(price: Any) -> Any:
    """Return the number of the range of prices that a price is in."""
    return case(
        *(
            (price < literal_column(str(bound)), literal_column(str(place)))
            for place, bound in enumerate(PRICE_STEPS)
        ),
        else_=literal_column(str(len(PRICE_STEPS))),
    )


def facets_of_rows(products: Sequence[Row], variants: Sequence[Row]) -> list[Row]:
    """Return the facets of new products, given as columns, in the order of their keys."""
    if not any(each["option_names"] for each in products):
        return []
    product_of = itemgetter("product_id")
    its = {key: list(rows) for key, rows in groupby(sorted(variants, key=product_of), product_of)}
    return [row for each in products for row in _facets_of(each, its.get(each["id"], ()))]


def _facets_of(product: Row, variants: Iterable[Row]) -> Iterator[Row]:
    """Yield the facets of a product: it has them while it is for sale."""
    if not product["is_active"] or product["archived_at"] is not None:
        return
    seen = set()
    for variant in variants:
        if not variant["is_active"]:
            continue
        for place, name in enumerate(product["option_names"], start=1):
            facet, value = comparison_key(name), variant[f"option{place}_key"]
            if (facet, value) not in seen:
                seen.add((facet, value))
                yield {
                    "facet": facet,
                    "value": value,
                    "product_id": product["id"],
                    "name": name,
                    "label": variant[f"option{place}"],
                }


def _columns(row: Product | Variant, names: Sequence[str]) -> Row:
    return {name: getattr(row, name) for name in names}


def _sorted(rows: Iterable[Mapping[Any, Any]]) -> list[list[Any]]:
    return sorted([row[name] for name in _facets.keys()] for row in rows)


def _spelling(column: Any, placed: Any) -> Any:
    """Return a text as the newest of the products with a value spells it."""
    return (
        select(column)
        .where(_facets.facet == placed.c.facet, _facets.value == placed.c.value)
        .order_by(_facets.product_id.desc())
        .limit(1)
        .scalar_subquery()
    )

"""The facets of products, which are written with each product and counted."""

import operator
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    delete,
    distinct,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.limits import MAX_OPTIONS
from app.models import Availability, Category, Product, ProductCategory, ProductFacet, Variant
from app.repositories.bulk import among, insert_rows, table_of
from app.repositories.catalogue.category_filter import CategoryFilter
from app.repositories.catalogue.category_repository import PATH_END
from app.repositories.catalogue.product_filter import ProductConditions
from app.schemas.catalogue.facet_schema import MAX_FACET_VALUES, FacetQuery
from app.tables.identity import comparison_key

FACETS = table_of(ProductFacet)
"""The table of the facets."""
PRICE_STEPS = tuple(step * 10**places for places in range(13) for step in (1, 2, 5))
"""The beginnings of the ranges of prices, in minor units, after the range that begins at 0."""
_PRICE, _AVAILABILITY, _CATEGORY, _FURTHER, _OPTION = "pacfo"
_facets = FACETS.c
_further = table_of(ProductCategory)
_categories = table_of(Category)
_TOP = _categories.alias("top")

_OF_PRODUCT = ("id", "option_names", "is_active", "archived_at")
_OF_VARIANT = (
    "is_active",
    *(f"option{place}{end}" for place in range(1, MAX_OPTIONS + 1) for end in ("", "_key")),
)

Row = Mapping[str, Any]
Condition = ColumnElement[bool]


@dataclass(slots=True)
class Counted:
    """The numbers of products by the values of their facets."""

    by_category: Counter[UUID] = field(default_factory=Counter)
    by_further: Counter[UUID] = field(default_factory=Counter)
    by_step: Counter[int] = field(default_factory=Counter)
    by_availability: Counter[Availability] = field(default_factory=Counter)
    options: list["CountedOption"] = field(default_factory=list)


class CountedOption(NamedTuple):
    """A value of an option, and the number of products."""

    facet: str
    name: str
    label: str
    products: int


class FacetRepository:
    """The facets of products in the session of the caller."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def replace(self, product: Product, variants: Sequence[Variant]) -> None:
        """Write the facets of a changed product."""
        await self.replace_all([(product, variants)])

    async def replace_all(self, changed: Sequence[tuple[Product, Sequence[Variant]]]) -> None:
        """Write the facets of changed products."""
        wanted: dict[UUID, list[Any]] = {}
        for product, variants in changed:
            its_variants = [_columns(each, _OF_VARIANT) for each in variants]
            wanted[product.id] = list(_facets_of(_columns(product, _OF_PRODUCT), its_variants))
        stored: dict[UUID, list[Any]] = {each: [] for each in wanted}
        of_them = among(self._session, _facets.product_id, list(wanted))
        for row in (await self._session.execute(select(FACETS).where(of_them))).mappings():
            stored[row["product_id"]].append(row)
        other = [each for each, rows in wanted.items() if _sorted(stored[each]) != _sorted(rows)]
        if other:
            of_other = among(self._session, _facets.product_id, other)
            await self._session.execute(delete(FACETS).where(of_other))
            rows = [row for each in other for row in wanted[each]]
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

    async def counted(
        self, query: FacetQuery, within: Sequence[Condition], shown: Collection[UUID]
    ) -> Counted:
        """Return the numbers of products by each facet, without its own filter.

        The numbers by category use the primary category, and the shown one for products that only a
        further category puts below it.
        """
        matched = _Matched(self._session, query, within)
        parts = [
            _by_price(matched),
            _by_availability(matched),
            _by_category(matched),
            _by_option(matched, query),
        ]
        if shown:
            parts.append(_by_further(matched, among(self._session, _TOP.c.id, shown)))
        found = Counted()
        for row in await self._session.execute(union_all(*parts)):
            if row.kind == _PRICE:
                found.by_step[row.step] = int(row.products)
            elif row.kind == _AVAILABILITY:
                found.by_availability[Availability(row.value)] = row.products
            elif row.kind == _OPTION:
                option = CountedOption(row.value, row.name, row.label, row.products)
                found.options.append(option)
            elif row.kind == _FURTHER:
                found.by_further[UUID(row.value)] = row.products
            elif row.value is not None:
                found.by_category[UUID(row.value)] = row.products
        return found


class _Matched:
    """The products that match the filters without a facet, and the other conditions."""

    def __init__(
        self, session: AsyncSession, query: FacetQuery, within: Sequence[Condition]
    ) -> None:
        conditions = ProductConditions(session, query)
        options = list(zip(query.options, conditions.of_options(), strict=True))
        rows = select(
            Product.id,
            Product.availability,
            Product.price_minor,
            Product.primary_category_id,
            *(
                case((condition, 1), else_=0).label(f"option{place}")
                for place, (_, condition) in enumerate(options)
            ),
        ).where(*conditions.general(), *within)
        by_facet: list[Any] = [and_(*price)] if (price := list(conditions.of_price())) else []
        by_facet += [*conditions.of_stock(), *conditions.of_options()]
        if len(by_facet) > 1:
            # A product that fails two of these conditions is counted for no facet.
            matching = (case((condition, 1), else_=0) for condition in by_facet)
            rows = rows.where(reduce(operator.add, matching) >= len(by_facet) - 1)
        self.are_all = not (query.q or query.sku or within or options)
        # Rows that are expensive to find are found once; all products are in an index.
        self.rows: Any = rows.subquery("matched") if self.are_all else rows.cte("matched")
        self._conditions, self._options = conditions, [facet for facet, _ in options]
        alike = [each for each in self.rows.c if each.name != "id"]
        # Many products differ only in their ids: grouped, fewer rows are filtered and counted three
        # times.
        self.groups: Any = (
            select(*alike, func.count().label("products")).group_by(*alike).cte("alike")
        )

    def but(self, facet: str, rows: Any) -> list[ColumnElement[bool]]:
        """Return the conditions of all filters except that of a facet."""
        conditions, columns = self._conditions, rows.c
        filters: list[tuple[str, Any]] = [
            # The sum keeps SQLite from using an index on the price before it has filtered by
            # options.
            *(("price", each) for each in conditions.of_price(columns.price_minor + 0)),
            *(("availability", each) for each in conditions.of_stock(columns.availability)),
            *((each, columns[f"option{place}"] == 1) for place, each in enumerate(self._options)),
        ]
        return [condition for name, condition in filters if name != facet]


def _part(kind: str, products: Any, **columns: Any) -> Select[Any]:
    nothing = cast(null(), String)
    texts = [columns.get(name, nothing).label(name) for name in ("value", "name", "label")]
    step = columns.get("step", cast(null(), BigInteger))
    return select(
        literal_column(f"'{kind}'").label("kind"),
        *texts,
        step.label("step"),
        products.label("products"),
    )


def _by_price(matched: _Matched) -> Select[Any]:
    return _grouped(matched, _PRICE, "price", step=_step(matched.groups.c.price_minor))


def _by_availability(matched: _Matched) -> Select[Any]:
    value = cast(matched.groups.c.availability, String)
    return _grouped(matched, _AVAILABILITY, "availability", value=value)


def _by_category(matched: _Matched) -> Select[Any]:
    value = cast(matched.groups.c.primary_category_id, String)
    return _grouped(matched, _CATEGORY, "", value=value)


def _grouped(matched: _Matched, kind: str, facet: str, **column: Any) -> Select[Any]:
    groups = matched.groups
    part = _part(kind, cast(func.sum(groups.c.products), BigInteger), **column)
    return part.where(*matched.but(facet, groups)).group_by(*column.values())


def _by_further(matched: _Matched, is_shown: Condition) -> Select[Any]:
    below, rows = _categories.alias("below"), matched.rows
    places = (
        select(below.c.id, _TOP.c.id.label("shown_id"))
        .join(_TOP, (below.c.path >= _TOP.c.path) & (below.c.path < _TOP.c.path + PATH_END))
        .where(is_shown)
        .cte("places")
    )
    primary = places.alias("primary_places")
    value = places.c.shown_id
    return (
        _part(_FURTHER, func.count(distinct(rows.c.id)), value=cast(value, String))
        .select_from(_further)
        .join(places, places.c.id == _further.c.category_id)
        .join(rows, rows.c.id == _further.c.product_id)
        .outerjoin(
            primary,
            (primary.c.id == rows.c.primary_category_id) & (primary.c.shown_id == value),
        )
        .where(primary.c.id.is_(None), *matched.but("", rows))
        .group_by(value)
    )


def _by_option(matched: _Matched, query: FacetQuery) -> Select[Any]:
    """Return the values of options that are shown, with their spelling."""
    counts = select(_facets.facet, _facets.value, func.count().label("count"))
    its = matched.rows
    if not matched.are_all or matched.but("", its):
        # All options are counted in one statement, each by its own filters.
        by_option = [
            and_(_facets.facet == facet, *matched.but(facet, its)) for facet in query.options
        ]
        counts = counts.join(its, its.c.id == _facets.product_id).where(
            or_(and_(true(), *matched.but("", its)), *by_option)
        )
    grouped = counts.group_by(_facets.facet, _facets.value).subquery()
    place = func.row_number().over(
        partition_by=grouped.c.facet, order_by=(grouped.c.count.desc(), grouped.c.value)
    )
    placed = select(grouped, place.label("place")).subquery()
    return _part(
        _OPTION,
        placed.c.count,
        value=placed.c.facet,
        name=_spelling(_facets.name, placed),
        label=_spelling(_facets.label, placed),
    ).where(placed.c.place <= MAX_FACET_VALUES)


def _step(price: Any) -> Any:
    """Return the number of the range that contains a price."""
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
    """Yield the facets of a product, which it has while it is for sale."""
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
    """Return the spelling of a value in the newest product that has it."""
    return (
        select(column)
        .where(_facets.facet == placed.c.facet, _facets.value == placed.c.value)
        .order_by(_facets.product_id.desc())
        .limit(1)
        .scalar_subquery()
    )

"""The conditions for the products of a list, a count or a facet."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    TextClause,
    Uuid,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.core.search_words import search_words
from app.models import Availability, Product, ProductFacet, Variant
from app.repositories.bulk import among
from app.schemas.catalogue.product_query import ProductFilter

Condition = ColumnElement[bool] | InstrumentedAttribute[bool] | TextClause

_SQLITE_SEARCH = text("""products.id IN (
    SELECT product_id FROM product_search_rows WHERE row IN (
        SELECT rowid FROM product_search WHERE product_search MATCH :words))""")

# The weights are those of the columns: all words, the words of names, the words of options. The
# first column contains the words of the others.
_SQLITE_RANKS = text("""SELECT product_id, bm25(product_search, 1.0, 10.0, 4.0) AS rank
    FROM product_search JOIN product_search_rows ON row = product_search.rowid
    WHERE product_search MATCH :words""").columns(product_id=Uuid(), rank=Float())
_VECTOR: ColumnElement[Any] = literal_column("products.search_vector")


class ProductConditions:
    """The conditions of filters, each of which can be left out."""

    def __init__(self, session: AsyncSession, query: ProductFilter) -> None:
        self._session = session
        self._query = query

    def all(self) -> Iterator[Condition]:
        """Yield the conditions of all filters but the category."""
        yield from self.general()
        yield from self.of_price()
        yield from self.of_stock()
        yield from self.of_options()

    def general(self) -> Iterator[Condition]:
        """Yield the conditions of products for sale, and of the filters that have no facet."""
        query = self._query
        yield Product.archived_at.is_(None)
        if query.for_sale is not None:
            yield Product.is_active if query.for_sale else ~Product.is_active
        if query.q is not None:
            yield self._matching(search_words(query.q))
        if query.sku is not None:
            owner = select(Variant.product_id).where(
                Variant.sku == query.sku, Variant.archived_at.is_(None)
            )
            yield Product.id.in_(owner)

    def of_price(self, price: Any = Product.price_minor) -> Iterator[Condition]:
        """Yield the conditions of a price."""
        if self._query.min_price is not None:
            yield price >= self._query.min_price
        if self._query.max_price is not None:
            yield price <= self._query.max_price

    def of_stock(self, availability: Any = Product.availability) -> Iterator[Condition]:
        """Yield the condition of an availability."""
        if self._query.has_stock is not None:
            is_there = availability.in_((Availability.IN_STOCK, Availability.LOW))
            yield is_there if self._query.has_stock else ~is_there

    def of_options(self, but: str | None = None) -> Iterator[Condition]:
        """Yield the conditions of all options but one."""
        for facet, values in self._query.options.items():
            if facet != but:
                yield Product.id.in_(
                    select(ProductFacet.product_id).where(
                        ProductFacet.facet == facet,
                        among(self._session, ProductFacet.value, values),
                    )
                )

    def ranked(self, rows: Select[Product]) -> Select[Product]:
        """Return rows that match words, by relevance; of equals, the newest comes first.

        A word of the name, the SKU or the barcode has the highest weight, one of the description
        the lowest.
        """
        words = search_words(self._query.q or "")
        if self._is_postgresql:
            rank = func.ts_rank_cd(_VECTOR, _asked(words))
            return rows.order_by(rank.desc(), Product.id.desc())
        hits = _SQLITE_RANKS.bindparams(words=_match(words)).subquery("hits")
        return rows.join(hits, hits.c.product_id == Product.id).order_by(
            hits.c.rank, Product.id.desc()
        )

    @property
    def _is_postgresql(self) -> bool:
        return self._session.get_bind().dialect.name == "postgresql"

    def _matching(self, words: list[str]) -> Condition:
        if not words:
            return literal_column("1") == 0
        if self._is_postgresql:
            return _VECTOR.bool_op("@@")(_asked(words))
        return _SQLITE_SEARCH.bindparams(words=_match(words))


def _asked(words: list[str]) -> Any:
    return func.to_tsquery(literal_column("'simple'"), " & ".join(f"{word}:*" for word in words))


def _match(words: list[str]) -> str:
    return " AND ".join(f'"{word}"*' for word in words)

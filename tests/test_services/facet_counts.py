"""A random catalogue, random filters, and a count of its products one by one."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product as combinations
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import to_minor
from app.core.search_words import search_words
from app.models import Category, Product, ProductCategory, Variant
from app.repositories.bulk import insert_rows, table_of
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.facet_schema import FacetQuery
from app.schemas.catalogue.product_query import ProductQuery
from app.schemas.catalogue.product_schema import ProductCreate
from app.services.catalogue.new_product import Maker, columns_of
from app.tables.identity import comparison_key
from app.wiring.areas.catalogue import provide_facets
from app.wiring.resources import Shop

Counts = dict[str, dict[str, int]]
Pairs = list[tuple[str, str]]

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = ("Size", "Colour", "material", "Material")
VALUES = {
    "size": ("S", "M", "m", "L", "1,5 l"),
    "colour": ("Red", "red", "Blue", "Grün\\"),
    "material": ("Oak", "Steel"),
}
WORDS = ("earl", "grey", "green", "tea", "black", "gift", "box", "loose", "leaf", "bags")
_AT_ONCE = 500
_MAX_LEVELS = 4
_categories = table_of(Category)
_products = table_of(Product)
_further = table_of(ProductCategory)


async def plant(shop: Shop, count: int, random: Random, *, categories: int = 8) -> None:
    """Fill a shop with products at random, in a tree of categories."""
    for first in range(0, count, _AT_ONCE):
        new = [
            _random_product(number, random, categories) for number in range(first, first + _AT_ONCE)
        ]
        new = new[: count - first]
        products = [columns_of(each.product) for each in new]
        for each in products:
            each["is_active"] = random.random() < 0.95
        async with shop.database.write() as session:
            await ProductRepository(session).add_all(
                products, [columns_of(one) for each in new for one in each.variants], []
            )
    async with shop.database.write() as session:
        await _grow(session, random)
        ids = (await session.scalars(select(_categories.c.id).order_by(_categories.c.path))).all()
        some = (await session.scalars(select(_products.c.id).order_by(_products.c.id))).all()
        rows = [
            {"product_id": product_id, "category_id": category_id, "position": 1}
            for product_id in some[: count // 10]
            for category_id in random.sample(ids, random.randint(1, 2))
        ]
        await insert_rows(session, (_further, rows))


def _random_product(number: int, random: Random, categories: int) -> Any:
    names = random.sample(("Size", "Colour", random.choice(NAMES[2:])), random.choice((0, 1, 2, 3)))
    values = [random.sample(VALUES[comparison_key(each)], random.randint(1, 2)) for each in names]
    # Two values may differ by case alone.
    options = {
        tuple(map(comparison_key, each)): dict(zip(names, each, strict=True))
        for each in combinations(*values)
    }
    first, *further = [
        {
            "sku": f"P{number}-{place}",
            "price": str(random.choice((0, 1, 1.99, 2, 5, 19.99, 20, 350))),
            "stock_quantity": random.choice((0, 0, 3, 50)),
            "allows_backorder": random.random() < 0.2,
            "option_values": each,
            **({"is_active": random.random() < 0.8} if place else {}),
        }
        for place, each in enumerate(options.values())
    ]
    whole = first | {
        "name": " ".join(random.sample(WORDS, 2)),
        "description": " ".join(random.sample(WORDS, 2)),
        "category": f"Category {random.randrange(categories)}",
        "variants": further,
    }
    data = ProductCreate.parse(json.loads(json.dumps(whole)))
    return Maker(START + timedelta(seconds=number), "USD", 5).product(data)


async def _grow(session: AsyncSession, random: Random) -> None:
    """Move the categories at the top below each other."""
    rows = (await session.execute(select(_categories).order_by(_categories.c.name))).all()
    paths: dict[UUID, str] = {}
    for place, row in enumerate(rows):
        above = [each for each in rows[:place] if paths[each.id].count("/") < _MAX_LEVELS]
        parent = random.choice(above) if place > 1 and random.random() < 0.8 else None
        path = (paths[parent.id] if parent is not None else "") + row.slug + "/"
        paths[row.id] = path
        await session.execute(
            update(_categories)
            .where(_categories.c.id == row.id)
            .values(
                parent_id=None if parent is None else parent.id, path=path, depth=path.count("/")
            )
        )


def random_filters(random: Random) -> Pairs:
    """Return the parameters of a query."""
    pairs: Pairs = []
    if random.random() < 0.4:
        pairs.append(("q", random.choice(WORDS)[: random.randint(1, 5)]))
    if random.random() < 0.4:
        pairs.append(("category", f"Category {random.randrange(9)}"))
    if random.random() < 0.3:
        pairs.append(("min_price", random.choice(("0", "1.99", "5", "20.01"))))
    if random.random() < 0.3:
        pairs.append(("max_price", random.choice(("0", "2.00", "19.99", "1000"))))
    if random.random() < 0.3:
        pairs.append(("in_stock", random.choice(("true", "false"))))
    if random.random() < 0.05:
        pairs.append(("sku", f"P{random.randrange(150)}-0"))
    for name in random.sample(("size", "COLOUR", "Material", "none"), random.choice((0, 0, 1, 2))):
        values = VALUES.get(comparison_key(name), ("x",))
        chosen = random.sample(values, random.randint(1, min(2, len(values))))
        escaped = (each.replace("\\", "\\\\").replace(",", "\\,") for each in chosen)
        pairs.append((f"option.{name}", ",".join(escaped)))
    return pairs


async def counted_by_shop(shop: Shop, pairs: Pairs) -> Counts:
    """Return the facets of the shop by the keys of the values, with the length of the list."""
    async with shop.database.read() as session:
        found = await provide_facets(session, shop).find(FacetQuery.parse_query(pairs))
        listed = await ProductRepository(session).count(ProductQuery.parse_query(pairs))
    counts: Counts = {"list": {"products": listed} if listed else {}}
    for item in json.loads(found.representation.body)["items"]:
        its = counts.setdefault(comparison_key(item["facet"]), {})
        for value in item["values"]:
            key = comparison_key(value["name"])
            assert key not in its
            its[key] = value["count"]
    return {facet: values for facet, values in counts.items() if values}


class OneByOne:
    """Counts products by reading every row of the shop."""

    def __init__(
        self, products: list[Any], variants: list[Any], further: list[Any], tree: list[Any]
    ) -> None:
        self._products = [each for each in products if each.is_active and each.archived_at is None]
        self._variants: dict[UUID, list[Any]] = defaultdict(list)
        for each in variants:
            if each.archived_at is None:
                self._variants[each.product_id].append(each)
        self._further: dict[UUID, set[UUID]] = defaultdict(set)
        for row in further:
            self._further[row.product_id].add(row.category_id)
        self._tree = {each.id: each for each in tree}

    @classmethod
    async def of(cls, shop: Shop) -> "OneByOne":
        """Return the counter of the current products of a shop."""
        async with shop.database.read() as session:
            rows = [
                (await session.execute(select(table_of(model)))).all()
                for model in (Product, Variant, ProductCategory, Category)
            ]
        return cls(*map(list, rows))

    def counts(self, pairs: Pairs) -> Counts:
        """Return the numbers of the products that match, by facets and the keys of their values."""
        asked = {name: value for name, value in pairs if not name.startswith("option.")}
        options = {
            comparison_key(name): {comparison_key(each) for each in _split(value)}
            for name, value in pairs
            if name.startswith("option.")
        }
        children = self._children(asked.get("category"))
        found: Counts = defaultdict(lambda: defaultdict(int))
        for each in self._products:
            failed = set(self._failed(each, asked, options))
            if not failed:
                found["list"]["products"] += 1
            for facet, value in self._values(each, children):
                if failed <= {facet}:
                    found[facet][value] += 1
        return {facet: dict(values) for facet, values in found.items()}

    def _failed(
        self, row: Any, asked: Mapping[str, str], options: Mapping[str, set[str]]
    ) -> Iterator[str]:
        """Yield the facets whose filters do not match a product, and "" for the others."""
        words = row.search_text.split()
        for word in search_words(asked.get("q", "")):
            if not any(each.startswith(word) for each in words):
                yield ""
        if "sku" in asked and asked["sku"] not in (one.sku for one in self._variants[row.id]):
            yield ""
        if "category" in asked and asked["category"] not in self._names_above(row):
            # Every child of the category is in it.
            yield ""
        if "min_price" in asked and row.price_minor < _minor(asked["min_price"]):
            yield "price"
        if "max_price" in asked and row.price_minor > _minor(asked["max_price"]):
            yield "price"
        if "in_stock" in asked:
            has_stock = "true" if row.availability in ("in_stock", "low") else "false"
            if has_stock != asked["in_stock"]:
                yield "availability"
        its = set(self._options(row))
        for facet, values in options.items():
            if not any((facet, value) in its for value in values):
                yield facet

    def _values(self, row: Any, children: set[UUID]) -> Iterator[tuple[str, str]]:
        names = {"in_stock": "in stock", "low": "low stock", "backorder": "on backorder"}
        yield "availability", names.get(row.availability, "out of stock")
        yield "price", _range(row.price_minor)
        for category_id in self._above(row) & children:
            yield "category", comparison_key(self._tree[category_id].name)
        yield from set(self._options(row))

    def _options(self, row: Any) -> Iterator[tuple[str, str]]:
        for variant in self._variants[row.id]:
            if variant.is_active:
                for place, name in enumerate(row.option_names, start=1):
                    value = getattr(variant, f"option{place}")
                    yield comparison_key(f"option.{name}"), comparison_key(value)

    def _children(self, category: str | None) -> set[UUID]:
        asked = {each.id for each in self._tree.values() if each.name == category}
        return {
            each.id
            for each in self._tree.values()
            if (each.parent_id is None if category is None else each.parent_id in asked)
        }

    def _above(self, row: Any) -> set[UUID]:
        found: set[UUID] = set()
        for category_id in {row.primary_category_id, *self._further.get(row.id, ())}:
            at = category_id
            while at is not None:
                found.add(at)
                at = self._tree[at].parent_id
        return found

    def _names_above(self, row: Any) -> set[str]:
        return {self._tree[each].name for each in self._above(row)}


def _split(value: str) -> list[str]:
    hidden = value.replace("\\\\", "\0").replace("\\,", "\1")
    return [each.replace("\0", "\\").replace("\1", ",") for each in hidden.split(",")]


def _minor(price: str) -> int:

    return to_minor(Decimal(price), "USD")


def _range(price_minor: int) -> str:
    low, step = 0, 1
    while step <= price_minor:
        low, step = step, step * 5 // 2 if str(step)[0] == "2" else step * 2
    return f"{low / 100:.2f}-{(step - 1) / 100:.2f}"

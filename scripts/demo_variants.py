"""Finds products of the Complete Journey data that are one product in several package sizes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from scripts.product_names import readable_size

MAX_SIZES = 4
# A size that is sold rarely is often a mistake of the source.
MIN_BASKETS = 60
# Sizes such as 10.4 and 10.8 oz belong to products that differ in more than their size.
MIN_RATIO = 1.15

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ([a-zA-Z]+)")
# Grams, millilitres (a fluid ounce of water weighs an ounce) and numbers of pieces.
_UNITS = {
    "oz": ("weight", 28.35),
    "lb": ("weight", 453.6),
    "ml": ("weight", 1.0),
    "L": ("weight", 1000.0),
    "pt": ("weight", 473.2),
    "qt": ("weight", 946.4),
    "gal": ("weight", 3785.0),
    "ct": ("count", 1.0),
    "dz": ("count", 12.0),
    "pk": ("count", 1.0),
}


class Size(NamedTuple):
    """A package size: its text, and its amount in a unit."""

    text: str
    unit: str
    amount: float


class Variant(NamedTuple):
    """A product of the source that is one size of a product: the product's first SKU, the size."""

    product_sku: str
    size: str


def size_of(product: Mapping[str, Any]) -> Size | None:
    """Return the package size of a product, if it is an amount of one unit."""
    text = readable_size(product["package_size"] or "")
    match = _SIZE.fullmatch(text)
    if match is None or match[2] not in _UNITS:
        return None
    unit, factor = _UNITS[match[2]]
    number = float(match[1])
    return Size(f"{number:g} {match[2]}", unit, number * factor)


def kind_of(product: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the key that products have in common if they differ only in their size."""
    names = ("manufacturer_id", "brand", "department", "product_category", "product_type")
    return tuple(product[name] for name in names)


def find_variants(
    products: Iterable[Mapping[str, Any]],
    chosen: Iterable[Mapping[str, Any]],
    baskets: Mapping[int, int],
    prices: Mapping[int, int],
) -> dict[int, Variant]:
    """Return the products that are sizes of one product, by their ids.

    Only kinds with a chosen product are returned. Of each size, it is the product that is in the
    most baskets; a larger size costs more.
    """
    kinds: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {kind_of(each): [] for each in chosen}
    for product in products:
        if baskets.get(product["product_id"], 0) >= MIN_BASKETS and kind_of(product) in kinds:
            kinds[kind_of(product)].append(product)
    variants = {}
    for members in kinds.values():
        members.sort(key=lambda each: (-baskets[each["product_id"]], each["product_id"]))
        sizes = _distinct_sizes(members, prices)
        if len(sizes) > 1:
            first = str(next(iter(sizes)))
            variants.update({number: Variant(first, size) for number, size in sizes.items()})
    return variants


def _distinct_sizes(
    members: Iterable[Mapping[str, Any]], prices: Mapping[int, int]
) -> dict[int, str]:
    """Return the sizes of the products that fit together, the smallest first."""
    fitting: dict[str, list[tuple[Size, int, int]]] = defaultdict(list)
    for product in members:
        if (size := size_of(product)) is None:
            continue
        kept = fitting[size.unit]
        number = product["product_id"]
        price = prices[number]
        if len(kept) < MAX_SIZES and all(_fit(size, price, other, cost) for other, _, cost in kept):
            kept.append((size, number, price))
    most = max(fitting.values(), key=len, default=[])
    return {number: size.text for size, number, _ in sorted(most, key=lambda each: each[0].amount)}


def _fit(size: Size, price: int, other: Size, cost: int) -> bool:
    ratio = size.amount / other.amount
    return price > cost if ratio >= MIN_RATIO else price < cost and ratio <= 1 / MIN_RATIO

"""The offers of variants: their own prices, and the lower ones of price lists."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace


class Offer(Struct, frozen=True):
    """The price of one unit of a variant, and its source."""

    price_minor: int
    compare_at_minor: int | None = None
    """A higher price to be shown next to the price."""
    source: str | None = None
    """The code of a price list; None for the price of the variant itself."""
    base_minor: int | None = None
    """The ordinary price, if that of a price list is lower."""
    is_whole: bool = False
    """Whether it is in a currency in which the price of the variant itself does not count."""


def offer_of(variant: Any, listed: Offer | None) -> Offer:
    """Return the offer of a variant: that of a price list, or its own price if not higher."""
    if listed is not None and listed.is_whole:
        return listed
    if listed is None or listed.price_minor >= variant.price_minor:
        return Offer(variant.price_minor, variant.compare_at_minor)
    compared = listed.compare_at_minor
    return replace(
        listed,
        compare_at_minor=variant.price_minor if compared is None else compared,
        base_minor=variant.price_minor,
    )


def lowest_of(offers: Sequence[tuple[bool, Offer]]) -> Offer:
    """Return the lowest of offers; those of variants for sale take precedence."""
    sold = [offer for is_sold, offer in offers if is_sold]
    return min(sold or [offer for _, offer in offers], key=_price_of)


def lowest_offers_of(variants: Iterable[Any]) -> dict[UUID, Offer]:
    """Return the lowest of the prices of variants, by their products."""
    its: dict[UUID, list[Any]] = {}
    for each in variants:
        its.setdefault(each.product_id, []).append(each)
    return {product_id: lowest_offer(them) for product_id, them in its.items()}


def lowest_offer(variants: Iterable[Any]) -> Offer:
    """Return the lowest of the prices of variants; those for sale take precedence."""
    return lowest_of([(each.is_active, each.offer) for each in variants])


def _price_of(offer: Offer) -> int:
    return offer.price_minor

"""Known mistakes of other programs, to be planted and found."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from app.pricing import discounts, net, quote, taxation
from app.pricing.arithmetic import largest_remainder, rounded_share
from app.pricing.terms import Effect, Goods, Promotion


def _per_piece(promotion: Promotion, goods: Sequence[Goods], remaining: Sequence[int]) -> list[int]:
    return [
        min(left, rounded_share(each.unit_minor, promotion.percent_ppm) * each.quantity)
        for each, left in zip(goods, remaining, strict=True)
    ]


def _without_remainder(_total: int, numerators: Sequence[int], denominator: int) -> list[int]:
    return [each // denominator for each in numerators]


def _last_of_equals(total: int, numerators: Sequence[int], denominator: int) -> list[int]:
    return largest_remainder(total, numerators[::-1], denominator)[::-1]


@contextmanager
def _tax_before_discount() -> Iterator[None]:
    taxed = taxation.taxed

    def before(amounts: Any, taxes: Any) -> Any:
        return taxed([(rate, amount + amount // 10) for rate, amount in amounts], taxes)

    with patch.object(quote, "taxed", before):
        yield


@contextmanager
def _spreading(spread: Any) -> Iterator[None]:
    with (
        patch.object(taxation, "largest_remainder", spread),
        patch("app.pricing.arithmetic.largest_remainder", spread),
    ):
        yield


def _by_order_given() -> AbstractContextManager[Any]:
    return patch.object(discounts, "in_order", list)


BUGS: Mapping[str, Any] = {
    "rounded for each piece": lambda: patch.dict(
        discounts.REDUCTIONS, {Effect.PERCENT_ITEMS: _per_piece}
    ),
    "the remainder is dropped": lambda: _spreading(_without_remainder),
    "tax before the discount": _tax_before_discount,
    "ties are decided by something else than the position": lambda: _spreading(_last_of_equals),
    "the tax that is not charged stays in the prices": lambda: patch.object(
        quote, "at_net_prices", lambda cart: cart
    ),
    "the tax that is not charged is rounded down": lambda: patch.object(
        net, "half_up", lambda amount, parts: amount // parts
    ),
    "promotions in the order in which they are given": _by_order_given,
}
"""Context managers, each of which plants a mistake."""

"""The discounts of promotions on the lines of a cart, and why others do not apply."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from app.pricing.arithmetic import rounded_share, spread
from app.pricing.terms import Adjustment, Conditions, Effect, Goods, NotApplied, Promotion, Refusal

_OF_ITEMS = (Effect.PERCENT_ITEMS, Effect.AMOUNT_ITEMS, Effect.BUNDLE)
_OF_ORDER = (Effect.PERCENT_ORDER, Effect.AMOUNT_ORDER)


def in_order(promotions: Iterable[Promotion]) -> list[Promotion]:
    """Return promotions in the order in which they apply."""
    return sorted(promotions, key=lambda each: (each.priority, each.id))


class Discounts:
    """The discounts of a set of promotions: first those of items, then those of orders.

    Each applies to the amounts that the previous ones have left.
    """

    def __init__(
        self, goods: Sequence[Goods], promotions: Iterable[Promotion], now: datetime
    ) -> None:
        self._goods = goods
        self.remaining = [each.unit_minor * each.quantity for each in goods]
        self.adjustments: list[Adjustment] = []
        self.not_applied: list[NotApplied] = []
        eligible: list[tuple[Promotion, list[int]]] = []
        for promotion in in_order(promotions):
            places = self._places_of(promotion)
            refused = self._refusal(promotion, places, now)
            if refused is None:
                eligible.append((promotion, places))
            else:
                self.not_applied.append(refused)
        for effects in (_OF_ITEMS, _OF_ORDER):
            for promotion, places in eligible:
                if promotion.effect in effects:
                    self._apply(promotion, places)
        self.free_shipping = [each for each, _ in eligible if each.effect is Effect.FREE_SHIPPING]

    def _places_of(self, promotion: Promotion) -> list[int]:
        """Return the places of the lines that a promotion is for."""
        conditions = promotion.conditions
        if not conditions.category_ids and not conditions.product_ids:
            return list(range(len(self._goods)))
        return [
            place
            for place, each in enumerate(self._goods)
            if each.product_id in conditions.product_ids
            or not conditions.category_ids.isdisjoint(each.category_ids)
        ]

    def _refusal(
        self, promotion: Promotion, places: Sequence[int], now: datetime
    ) -> NotApplied | None:
        conditions = promotion.conditions
        goods = [self._goods[place] for place in places]
        subtotal = sum(each.unit_minor * each.quantity for each in goods)
        quantity = sum(each.quantity for each in goods)
        least = max(conditions.min_quantity, promotion.buys + promotion.gets)
        missing = max(0, conditions.min_subtotal_minor - subtotal)
        missing_quantity = max(0, least - quantity)
        refusal = promotion.refusal
        if refusal is None:
            refusal = _refusal_at(conditions, now)
        if refusal is None and _has_no_amount(promotion):
            refusal = Refusal.NOT_IN_CURRENCY
        if refusal is None and not places:
            refusal = Refusal.NOT_FOR_THESE_ITEMS
        if refusal is None and (missing or missing_quantity):
            return NotApplied(promotion, Refusal.BELOW_MINIMUM, missing, missing_quantity)
        return None if refusal is None else NotApplied(promotion, refusal)

    def _apply(self, promotion: Promotion, places: Sequence[int]) -> None:
        taken = REDUCTIONS[promotion.effect](
            promotion,
            [self._goods[place] for place in places],
            [self.remaining[place] for place in places],
        )
        if not any(taken):
            self.not_applied.append(NotApplied(promotion, Refusal.NOTHING_TO_REDUCE))
        for place, amount in zip(places, taken, strict=True):
            if amount:
                self.remaining[place] -= amount
                self.adjustments.append(Adjustment(promotion.id, place + 1, amount))


def _refusal_at(conditions: Conditions, now: datetime) -> Refusal | None:
    if conditions.starts_at is not None and now < conditions.starts_at:
        return Refusal.NOT_BEGUN
    if conditions.ends_at is not None and now >= conditions.ends_at:
        return Refusal.EXPIRED
    return None


def _has_no_amount(promotion: Promotion) -> bool:
    needs_one = promotion.effect in (Effect.AMOUNT_ITEMS, Effect.AMOUNT_ORDER)
    return needs_one and promotion.amount_minor is None


def _percent_items(
    promotion: Promotion, _goods: Sequence[Goods], remaining: Sequence[int]
) -> list[int]:
    # The discount is rounded once for each line: rounding for each unit would multiply the errors.
    return [rounded_share(each, promotion.percent_ppm) for each in remaining]


def _amount_items(
    promotion: Promotion, goods: Sequence[Goods], remaining: Sequence[int]
) -> list[int]:
    amount = promotion.amount_minor or 0
    return [min(left, amount * each.quantity) for each, left in zip(goods, remaining, strict=True)]


def _bundle(promotion: Promotion, goods: Sequence[Goods], remaining: Sequence[int]) -> list[int]:
    units = sum(each.quantity for each in goods)
    reduced = units // (promotion.buys + promotion.gets) * promotion.gets
    taken = [0] * len(goods)
    for place in sorted(range(len(goods)), key=lambda each: goods[each].unit_minor):
        count = min(reduced, goods[place].quantity)
        reduced -= count
        price = goods[place].unit_minor * count
        taken[place] = min(remaining[place], rounded_share(price, promotion.percent_ppm))
    return taken


def _percent_order(
    promotion: Promotion, _goods: Sequence[Goods], remaining: Sequence[int]
) -> list[int]:
    return _spread_over(rounded_share(sum(remaining), promotion.percent_ppm), remaining)


def _amount_order(
    promotion: Promotion, _goods: Sequence[Goods], remaining: Sequence[int]
) -> list[int]:
    return _spread_over(min(promotion.amount_minor or 0, sum(remaining)), remaining)


def _spread_over(total: int, remaining: Sequence[int]) -> list[int]:
    return spread(total, remaining) if total else [0] * len(remaining)


REDUCTIONS: dict[Effect, Callable[[Promotion, Sequence[Goods], Sequence[int]], list[int]]] = {
    Effect.PERCENT_ITEMS: _percent_items,
    Effect.AMOUNT_ITEMS: _amount_items,
    Effect.BUNDLE: _bundle,
    Effect.PERCENT_ORDER: _percent_order,
    Effect.AMOUNT_ORDER: _amount_order,
}
"""The discount of a promotion on lines whose amount is not zero."""

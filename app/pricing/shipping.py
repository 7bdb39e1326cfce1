"""The price of shipping: by the weight and the price of the goods, less discounts."""

from collections import defaultdict
from dataclasses import dataclass, field

from app.pricing.arithmetic import spread
from app.pricing.discounts import Discounts
from app.pricing.taxation import Amount
from app.pricing.terms import (
    Adjustment,
    Cart,
    NotApplied,
    QuotedShipping,
    QuotedTax,
    Rate,
    Refusal,
    Shipping,
)


@dataclass(slots=True)
class ShippingPrice:
    """The price of shipping before tax is known."""

    price_minor: int | None = None
    """None if nothing is shipped, or if the shipping method does not fit."""
    is_shippable: bool = True
    amounts: list[Amount] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    not_applied: list[NotApplied] = field(default_factory=list)

    @property
    def left_minor(self) -> int:
        """The price after discounts."""
        return (self.price_minor or 0) - sum(each.amount_minor for each in self.adjustments)

    def priced(self, taxes: tuple[QuotedTax, ...], added_minor: int) -> QuotedShipping | None:
        """Return shipping with its taxes, of which some may be added to the price."""
        if self.price_minor is None:
            return None
        discount = self.price_minor - self.left_minor
        return QuotedShipping(self.price_minor, discount, taxes, self.left_minor + added_minor)


def quoted_shipping(cart: Cart, discounts: Discounts) -> ShippingPrice:
    """Return the price of shipping the goods of a cart."""
    found = ShippingPrice()
    if cart.shipping is not None:
        found.price_minor = _price(cart, cart.shipping, discounts)
        found.is_shippable = found.price_minor is not None
    left = found.price_minor or 0
    for promotion in discounts.free_shipping:
        if left:
            found.adjustments.append(Adjustment(promotion.id, None, left))
            left = 0
        else:
            found.not_applied.append(NotApplied(promotion, Refusal.NOTHING_TO_REDUCE))
    if cart.shipping is not None and found.price_minor is not None:
        found.amounts = _by_rate(cart, cart.shipping, discounts, found.left_minor)
    return found


def _price(cart: Cart, shipping: Shipping, discounts: Discounts) -> int | None:
    """Return the price of shipping the goods of a cart."""
    weight = sum(each.weight_grams * each.quantity for each in cart.goods)
    goods = sum(each.unit_minor * each.quantity for each in cart.goods)
    counted = goods if shipping.counts_before_discounts else sum(discounts.remaining)
    return price_for(shipping, weight, counted)


def price_for(shipping: Shipping, weight_grams: int, counted_minor: int) -> int | None:
    """Return the amount of the rate with the highest thresholds, the weight before the price.

    It is None if the shipping method does not fit.
    """
    if shipping.max_weight_grams is not None and weight_grams > shipping.max_weight_grams:
        return None
    reached = [
        each
        for each in shipping.rates
        if each.from_weight_grams <= weight_grams and each.from_subtotal_minor <= counted_minor
    ]
    best = max(
        reached, key=lambda each: (each.from_weight_grams, each.from_subtotal_minor), default=None
    )
    return None if best is None else best.amount_minor


def _by_rate(cart: Cart, shipping: Shipping, discounts: Discounts, left: int) -> list[Amount]:
    """Return the parts of a price of shipping that are taxed at different rates."""
    rates = cart.taxes.rates
    if shipping.tax_class is not None:
        return [(rates[shipping.tax_class], left)]
    weights: dict[Rate, int] = defaultdict(int)
    for goods, remaining in zip(cart.goods, discounts.remaining, strict=True):
        weights[rates[goods.tax_class]] += remaining
    if not any(weights.values()):
        # Goods without a price have no proportion: the rate of the first ones counts.
        return [(rate, left) for rate in list(weights)[:1]]
    return list(zip(weights, spread(left, list(weights.values())), strict=True))

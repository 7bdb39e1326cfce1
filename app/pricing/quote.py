"""The quote: the price of a cart, computed from the cart alone."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from app.pricing.discounts import Discounts, in_order
from app.pricing.net import at_net_prices
from app.pricing.shipping import quoted_shipping
from app.pricing.taxation import sums_by_rate, taxed
from app.pricing.terms import Adjustment, Cart, NotApplied, Promotion, Quote, QuotedLine, Refusal


def price(cart: Cart, now: datetime) -> Quote:
    """Return the price of a cart at a moment.

    If a promotion that combines with no other would apply, the customer gets either this promotion
    or all those that combine, whichever costs less; at equal prices, those that combine.
    """
    cart = at_net_prices(cart)
    together = _priced(cart, [each for each in cart.promotions if each.combines], now)
    exclusive = in_order(each for each in cart.promotions if not each.combines)
    single = (_priced(cart, [each], now) for each in exclusive)
    alone = next((each for each in single if not each.not_applied), None)
    best = together if alone is None or together.total_minor <= alone.total_minor else alone
    tried = {each.promotion.id for each in best.not_applied}
    tried |= {each.promotion_id for each in best.adjustments}
    left = [_left_out(cart, each, now) for each in cart.promotions if each.id not in tried]
    return replace(best, not_applied=(*best.not_applied, *left))


def _left_out(cart: Cart, promotion: Promotion, now: datetime) -> NotApplied:
    """Return why a promotion is not in a quote: for its own reason, or because of the others."""
    own = _priced(cart, [promotion], now).not_applied
    return own[0] if own else NotApplied(promotion, Refusal.NOT_COMBINABLE)


def _priced(cart: Cart, promotions: Sequence[Promotion], now: datetime) -> Quote:
    discounts = Discounts(cart.goods, promotions, now)
    shipping = quoted_shipping(cart, discounts)
    amounts = [
        (cart.taxes.rates[goods.tax_class], left)
        for goods, left in zip(cart.goods, discounts.remaining, strict=True)
    ]
    taxes = taxed([*amounts, *shipping.amounts], cart.taxes)
    of_goods, of_shipping = taxes[: len(amounts)], taxes[len(amounts) :]
    lines = tuple(
        QuotedLine(
            goods=goods,
            subtotal_minor=goods.unit_minor * goods.quantity,
            discount_minor=goods.unit_minor * goods.quantity - left,
            tax=tax,
            total_minor=left + _added(cart, tax.tax_minor),
        )
        for goods, left, tax in zip(cart.goods, discounts.remaining, of_goods, strict=True)
    )
    adjustments: list[Adjustment] = [*discounts.adjustments, *shipping.adjustments]
    tax_minor = sum(each.tax_minor for each in taxes)
    priced_shipping = shipping.priced(
        tuple(of_shipping), _added(cart, sum(each.tax_minor for each in of_shipping))
    )
    return Quote(
        lines=lines,
        shipping=priced_shipping,
        is_shippable=shipping.is_shippable,
        taxes=sums_by_rate(taxes),
        adjustments=tuple(adjustments),
        not_applied=(*discounts.not_applied, *shipping.not_applied),
        subtotal_minor=sum(each.subtotal_minor for each in lines),
        discount_minor=sum(each.amount_minor for each in adjustments),
        tax_minor=tax_minor,
        total_minor=sum(discounts.remaining) + shipping.left_minor + _added(cart, tax_minor),
    )


def _added(cart: Cart, tax_minor: int) -> int:
    """Return the tax that is paid in addition to prices."""
    return 0 if cart.taxes.prices_include_tax else tax_minor

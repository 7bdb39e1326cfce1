"""Net prices, for customers who are not charged the tax that prices include."""

from collections.abc import Sequence

from msgspec.structs import replace

from app.pricing.arithmetic import PPM, half_up
from app.pricing.terms import Cart, Goods, Shipping, Taxes


def at_net_prices(cart: Cart) -> Cart:
    """Return a cart at net prices, or the cart itself if the included tax is charged."""
    taxes = cart.taxes
    if not taxes.taken_out:
        return cart
    goods = tuple(
        replace(each, unit_minor=net_price(each.unit_minor, each.tax_class, taxes))
        for each in cart.goods
    )
    return replace(
        cart,
        goods=goods,
        shipping=None if cart.shipping is None else _net_shipping(cart.shipping, goods, taxes),
        taxes=replace(taxes, prices_include_tax=False, taken_out={}),
    )


def net_price(amount_minor: int, tax_class: str, taxes: Taxes) -> int:
    """Return a price of a class without the included tax if that is not charged."""
    ppm = taxes.taken_out.get(tax_class, 0)
    return amount_minor - half_up(amount_minor * ppm, PPM + ppm)


def net_shipping_price(
    amount_minor: int, tax_class: str | None, goods: Sequence[Goods], taxes: Taxes
) -> int:
    """Return a price of shipping without the included tax; the goods have net prices already.

    If shipping is taxed by the rates of the goods, it includes tax in the same proportion as they
    did.
    """
    if tax_class is not None:
        return net_price(amount_minor, tax_class, taxes)
    rates = [taxes.taken_out.get(each.tax_class, 0) for each in goods]
    weights = [each.unit_minor * each.quantity for each in goods]
    if not any(weights):
        # As in the tax of shipping, the rate of the first goods counts.
        rates, weights = rates[:1], [1] * len(rates[:1])
    tax = sum(weight * ppm for weight, ppm in zip(weights, rates, strict=True))
    gross = sum(weights) * PPM + tax
    return amount_minor - half_up(amount_minor * tax, gross) if gross else amount_minor


def _net_shipping(shipping: Shipping, goods: Sequence[Goods], taxes: Taxes) -> Shipping:
    return replace(
        shipping,
        rates=tuple(
            replace(
                each,
                amount_minor=net_shipping_price(
                    each.amount_minor, shipping.tax_class, goods, taxes
                ),
            )
            for each in shipping.rates
        ),
    )

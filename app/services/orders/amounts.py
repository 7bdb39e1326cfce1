"""The amounts of an order beside its prices: tax and shipping, as a quote has them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.errors import ShippingMethodUnfit
from app.models import ShippingMethod
from app.pricing.quote import price
from app.pricing.terms import Cart, Quote, QuotedLine, Taxes
from app.services.carts.quoting import UNTAXED, goods_of, shipping_of
from app.tables.orders import NewLine, NewOrder, NewTax


def with_amounts(
    order: NewOrder, variants: Sequence[Any], taxes: Taxes | None, method: ShippingMethod | None
) -> NewOrder:
    """Return an order of these variants with its tax and the price of its shipping.

    `taxes` is None if the shop charges no tax.

    Raises:
        ShippingMethodUnfit: the method has no price for the order.
    """
    if taxes is None and method is None:
        return order
    goods = tuple(
        goods_of(variant, line.variant_id, line.unit_price_minor, line.quantity, taxes)
        for line, variant in zip(order.lines, variants, strict=True)
    )
    shipping = None if method is None else shipping_of(method, order.currency, taxes)
    cart = Cart(goods, UNTAXED if taxes is None else taxes, shipping=shipping)
    quote = price(cart, order.created_at)
    if method is not None:
        if not quote.is_shippable:
            raise unfit(method)
        order = replace(
            order,
            shipping_method={"id": str(method.id), "name": method.name, "carrier": method.carrier},
        )
    return quoted(order, quote, taxes)


def quoted(order: NewOrder, quote: Quote, taxes: Taxes | None) -> NewOrder:
    """Return an order with the amounts of a quote over its lines."""
    shipping_minor = 0 if quote.shipping is None else quote.shipping.total_minor
    if taxes is None:
        return replace(order, shipping_minor=shipping_minor)
    shipping_taxes = () if quote.shipping is None else quote.shipping.taxes
    return replace(
        order,
        lines=[_line(line, own) for line, own in zip(order.lines, quote.lines, strict=True)],
        prices_include_tax=taxes.prices_include_tax,
        shipping_minor=shipping_minor,
        shipping_tax_minor=sum(each.tax_minor for each in shipping_taxes),
        taxes=[
            NewTax(
                rate_ppm=each.rate.ppm,
                reason=each.rate.reason,
                net_minor=each.base_minor - (each.tax_minor if taxes.prices_include_tax else 0),
                tax_minor=each.tax_minor,
            )
            for each in quote.taxes
        ],
    )


def _line(line: NewLine, own: QuotedLine) -> NewLine:
    return replace(
        line,
        discount_minor=own.discount_minor,
        tax_minor=own.tax.tax_minor,
        tax_rate_ppm=own.tax.rate.ppm,
        tax_class=own.goods.tax_class,
        tax_reason=own.tax.rate.reason,
    )


def unfit(method: ShippingMethod) -> ShippingMethodUnfit:
    """Return the refusal of an order that a method does not ship."""
    return ShippingMethodUnfit(
        f"{method.name} does not ship this order", shipping_method_id=str(method.id)
    )

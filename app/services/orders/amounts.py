"""The amounts of an order beside its prices: tax and shipping, as a quote has them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.errors import ShippingMethodUnfit
from app.models import ShippingMethod
from app.pricing.quote import price
from app.pricing.terms import Cart, Goods, Quote, QuotedLine, Rate, Taxes
from app.services.shipping.shipping_service import terms_of
from app.services.taxes.tax_service import STANDARD
from app.tables.orders import NewLine, NewOrder, NewTax

_UNTAXED = Taxes({STANDARD: Rate(0)})


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
        Goods(
            variant_id=line.variant_id,
            product_id=line.product_id,
            unit_minor=line.unit_price_minor,
            quantity=line.quantity,
            tax_class=_known(variant.tax_class, taxes),
            weight_grams=variant.weight_grams or 0,
        )
        for line, variant in zip(order.lines, variants, strict=True)
    )
    shipping = None if method is None else terms_of(method, order.currency)
    if shipping is not None and shipping.tax_class is not None:
        shipping = replace(shipping, tax_class=_known(shipping.tax_class, taxes))
    cart = Cart(goods, _UNTAXED if taxes is None else taxes, shipping=shipping)
    quote = price(cart, order.created_at)
    if method is not None:
        if not quote.is_shippable:
            raise unfit(method)
        order = replace(
            order,
            shipping_method={"id": str(method.id), "name": method.name, "carrier": method.carrier},
        )
    return quoted(order, quote, taxes)


def _known(tax_class: str, taxes: Taxes | None) -> str:
    """Return a tax class, or `standard` for one that the settings no longer name."""
    return tax_class if taxes is not None and tax_class in taxes.rates else STANDARD


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

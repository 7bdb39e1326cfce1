"""The amounts of an order besides its prices: discounts, tax and shipping, from a quote."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from app.errors import ShippingMethodUnfit
from app.models import ShippingMethod
from app.pricing.quote import price
from app.pricing.terms import Cart, Promotion, Quote, QuotedLine, Taxes
from app.services.carts.quoting import UNTAXED, goods_of, shipping_of
from app.tables.orders import NO_SHIPPING, NewAdjustment, NewLine, NewOrder, NewShipping, NewTax


class Offers(Struct, frozen=True):
    """The data from which an order is priced, besides the prices of the shop."""

    promotions: tuple[Promotion, ...] = ()
    categories: Mapping[UUID, frozenset[UUID]] = {}
    """The categories of products, and their ancestors, that the promotions need."""
    own_prices: Mapping[UUID, int] = {}
    """The agreed prices of variants, which replace those of the shop."""
    own_shipping_minor: int | None = None
    """The agreed price of shipping, which replaces that of the method."""


NO_OFFERS = Offers()


def with_amounts(
    order: NewOrder,
    variants: Sequence[Any],
    taxes: Taxes | None,
    method: ShippingMethod | None,
    offers: Offers = NO_OFFERS,
) -> NewOrder:
    """Return an order of these variants with its tax, its shipping and its discounts.

    `taxes` is None if the shop charges no tax.

    Raises:
        ShippingMethodUnfit: the method has no price for the order.
    """
    if taxes is None and method is None and not offers.promotions:
        return order
    goods = tuple(
        goods_of(
            variant,
            line.variant_id,
            line.unit_price_minor,
            line.quantity,
            taxes,
            offers.categories.get(line.product_id, frozenset()),
        )
        for line, variant in zip(order.lines, variants, strict=True)
    )
    shipping = (
        None
        if method is None
        else shipping_of(method, order.currency, taxes, offers.own_shipping_minor)
    )
    terms = UNTAXED if taxes is None else taxes
    quote = price(Cart(goods, terms, offers.promotions, shipping), order.created_at)
    if method is not None and not quote.is_shippable:
        raise unfit(method)
    return _adjusted(quoted(order, quote, taxes, method), quote, offers)


def _adjusted(order: NewOrder, quote: Quote, offers: Offers) -> NewOrder:
    """Return an order with the discount of each promotion of its quote."""
    promotions = {each.id: each for each in offers.promotions}
    adjustments = [
        NewAdjustment(
            position=each.position,
            promotion_id=None if promotions[each.promotion_id].is_manual else each.promotion_id,
            code=promotions[each.promotion_id].code,
            label=promotions[each.promotion_id].label,
            amount_minor=each.amount_minor,
        )
        for each in quote.adjustments
    ]
    return replace(order, adjustments=adjustments) if adjustments else order


def quoted(
    order: NewOrder, quote: Quote, taxes: Taxes | None, method: ShippingMethod | None = None
) -> NewOrder:
    """Return an order with the amounts of a quote over its lines."""
    shipping = _shipping(quote, method)
    if taxes is None:
        lines = [
            replace(line, discount_minor=own.discount_minor) if own.discount_minor else line
            for line, own in zip(order.lines, quote.lines, strict=True)
        ]
        return replace(order, lines=lines, shipping=shipping)
    return replace(
        order,
        lines=[_line(line, own) for line, own in zip(order.lines, quote.lines, strict=True)],
        prices_include_tax=taxes.prices_include_tax,
        shipping=shipping,
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


def _shipping(quote: Quote, method: ShippingMethod | None) -> NewShipping:
    if quote.shipping is None:
        return NO_SHIPPING
    own = None
    if method is not None:
        own = {"id": str(method.id), "name": method.name, "carrier": method.carrier}
    return NewShipping(
        method=own,
        total_minor=quote.shipping.total_minor,
        tax_minor=sum(each.tax_minor for each in quote.shipping.taxes),
    )


def _line(line: NewLine, own: QuotedLine) -> NewLine:
    return replace(
        line,
        # The price is without the included tax, if that is not charged.
        unit_price_minor=own.goods.unit_minor,
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

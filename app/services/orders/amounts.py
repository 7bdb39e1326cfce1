"""The amounts of an order, as a quote has them."""

from collections.abc import Sequence
from dataclasses import replace

from app.pricing.quote import price
from app.pricing.terms import Cart, Goods, Quote, QuotedLine, Taxes
from app.tables.orders import NewLine, NewOrder, NewTax


def with_tax(order: NewOrder, tax_classes: Sequence[str], taxes: Taxes) -> NewOrder:
    """Return an order with the tax of its lines, given the tax class of each."""
    goods = tuple(
        Goods(
            variant_id=line.variant_id,
            product_id=line.product_id,
            unit_minor=line.unit_price_minor,
            quantity=line.quantity,
            tax_class=tax_class,
        )
        for line, tax_class in zip(order.lines, tax_classes, strict=True)
    )
    return with_amounts(order, price(Cart(goods, taxes), order.created_at), taxes)


def with_amounts(order: NewOrder, quote: Quote, taxes: Taxes) -> NewOrder:
    """Return an order with the amounts of a quote over its lines."""
    shipping = quote.shipping
    return replace(
        order,
        lines=[_line(line, quoted) for line, quoted in zip(order.lines, quote.lines, strict=True)],
        prices_include_tax=taxes.prices_include_tax,
        shipping_minor=0 if shipping is None else shipping.total_minor,
        shipping_tax_minor=(
            0 if shipping is None else sum(each.tax_minor for each in shipping.taxes)
        ),
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


def _line(line: NewLine, quoted: QuotedLine) -> NewLine:
    return replace(
        line,
        discount_minor=quoted.discount_minor,
        tax_minor=quoted.tax.tax_minor,
        tax_rate_ppm=quoted.tax.rate.ppm,
        tax_class=quoted.goods.tax_class,
        tax_reason=quoted.tax.rate.reason,
    )

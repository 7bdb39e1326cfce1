"""The terms of a quote, built from the rows of variants and of a shipping method."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from app.models import ShippingMethod
from app.pricing.net import net_price, net_shipping_price
from app.pricing.terms import Goods, Rate, Shipping, ShippingRate, Taxes
from app.services.shipping.shipping_service import terms_of
from app.services.taxes.tax_service import STANDARD

UNTAXED = Taxes({STANDARD: Rate(0)})
"""The tax of a shop that charges none."""
_NAME_LENGTH = 200
"""The length of the column in which the line of an order keeps its name."""


def goods_of(
    variant: Any,
    variant_id: UUID,
    unit_minor: int,
    quantity: int,
    taxes: Taxes | None,
    category_ids: frozenset[UUID] = frozenset(),
) -> Goods:
    """Return a line of a quote; `taxes` is None if the shop charges no tax."""
    return Goods(
        variant_id=variant_id,
        product_id=variant.product_id,
        unit_minor=unit_minor,
        quantity=quantity,
        tax_class=_known(variant.tax_class, taxes),
        category_ids=category_ids,
        weight_grams=variant.weight_grams or 0,
    )


def shipping_of(
    method: ShippingMethod, currency: str, taxes: Taxes | None, own_minor: int | None = None
) -> Shipping:
    """Return the terms of a shipping method in a currency, or at an agreed price."""
    shipping = terms_of(method, currency)
    if own_minor is not None:
        shipping = replace(shipping, rates=(ShippingRate(own_minor),), max_weight_grams=None)
    if shipping.tax_class is None:
        return shipping
    return replace(shipping, tax_class=_known(shipping.tax_class, taxes))


def net_of(amount_minor: int, variant: Any, taxes: Taxes | None) -> int:
    """Return a price of a variant for a quote: without tax that is not charged."""
    if taxes is None:
        return amount_minor
    return net_price(amount_minor, _known(variant.tax_class, taxes), taxes)


def net_of_shipping(
    amount_minor: int, method: ShippingMethod, goods: Sequence[Goods], taxes: Taxes | None
) -> int:
    """Return a price of shipping goods for a quote: without tax that is not charged."""
    if taxes is None:
        return amount_minor
    own = None if method.tax_class is None else _known(method.tax_class, taxes)
    return net_shipping_price(amount_minor, own, goods, taxes)


def full_name(variant: Any) -> str:
    """Return the name of a variant in a cart or an order: its product, and its option values."""
    values = (variant.option1, variant.option2, variant.option3)
    return ", ".join([variant.name, *filter(None, values)])[:_NAME_LENGTH]


def _known(tax_class: str, taxes: Taxes | None) -> str:
    """Return a tax class, or `standard` for one that the settings no longer name."""
    return tax_class if taxes is not None and tax_class in taxes.rates else STANDARD

"""The input and the result of a quote: the goods of a cart, promotions, shipping, rates of tax."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Goods(Struct, frozen=True):
    """A line of a cart: a variant, the number of its units, and its price."""

    variant_id: UUID
    product_id: UUID
    unit_minor: int
    quantity: int
    tax_class: str
    category_ids: frozenset[UUID] = frozenset()
    """The categories of the product, and their ancestors."""
    weight_grams: int = 0
    """The weight of one unit."""


class Effect(StrEnum):
    """The amount that a promotion reduces."""

    PERCENT_ITEMS = "percent_items"
    """Each eligible line is reduced by a percentage."""
    AMOUNT_ITEMS = "amount_items"
    """Each unit of the eligible lines is reduced by an amount."""
    BUNDLE = "bundle"
    """The cheapest of a number of eligible units are reduced by a percentage."""
    PERCENT_ORDER = "percent_order"
    """The sum of the eligible lines is reduced by a percentage."""
    AMOUNT_ORDER = "amount_order"
    """The sum of the eligible lines is reduced by an amount."""
    FREE_SHIPPING = "free_shipping"
    """The price of shipping is reduced to zero."""


class Refusal(StrEnum):
    """Why a promotion does not apply."""

    INACTIVE = "inactive"
    NOT_BEGUN = "not-begun"
    EXPIRED = "expired"
    USED_UP = "used-up"
    ALREADY_USED = "already-used"
    NOT_FIRST_ORDER = "not-first-order"
    NOT_IN_CURRENCY = "not-in-currency"
    NOT_IN_COUNTRY = "not-in-country"
    NOT_FOR_THESE_ITEMS = "not-for-these-items"
    BELOW_MINIMUM = "below-minimum"
    NOT_COMBINABLE = "not-combinable"
    NOTHING_TO_REDUCE = "nothing-to-reduce"


class Conditions(Struct, frozen=True):
    """The conditions that a cart must meet for a promotion."""

    category_ids: frozenset[UUID] = frozenset()
    product_ids: frozenset[UUID] = frozenset()
    """Without categories and products, all lines are eligible."""
    min_subtotal_minor: int = 0
    """The minimum price of the eligible lines, before any discount."""
    min_quantity: int = 0
    """The minimum number of units of the eligible lines."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Promotion(Struct, frozen=True):
    """A promotion in the currency of a cart."""

    id: UUID
    label: str
    effect: Effect
    code: str | None = None
    """The coupon that the customer has entered; None if the promotion applies by itself."""
    percent_ppm: int = 0
    amount_minor: int | None = None
    """None if the promotion has no amount in the currency."""
    buys: int = 0
    """The units of a bundle that are paid in full."""
    gets: int = 0
    """The units of a bundle that are reduced."""
    conditions: Conditions = Conditions()
    combines: bool = True
    priority: int = 0
    """The promotion with the lowest number applies first."""
    refusal: Refusal | None = None
    """Why the promotion does not apply to this customer at all, such as a reached limit."""
    is_manual: bool = False
    """Whether it is a discount by staff on one order, so that no promotion has its id."""


def manual_discount(
    place: int, label: str, *, percent_ppm: int = 0, amount_minor: int | None = None
) -> Promotion:
    """Return a discount that staff gives on a whole order, at a position among others."""
    return Promotion(
        id=UUID(int=place),
        label=label,
        effect=Effect.PERCENT_ORDER if amount_minor is None else Effect.AMOUNT_ORDER,
        percent_ppm=percent_ppm,
        amount_minor=amount_minor,
        priority=place,
        is_manual=True,
    )


class ShippingRate(Struct, frozen=True):
    """A price of shipping, which applies from a weight and a price of the goods on."""

    amount_minor: int
    from_weight_grams: int = 0
    from_subtotal_minor: int = 0


class Shipping(Struct, frozen=True):
    """A shipping method in the currency of a cart."""

    rates: tuple[ShippingRate, ...]
    tax_class: str | None = None
    """None if shipping is taxed by the rates of the goods, in proportion to them."""
    counts_before_discounts: bool = False
    """Whether thresholds are compared with the goods before discounts, and not after them."""
    max_weight_grams: int | None = None


class TaxReason(StrEnum):
    """Why a rate of tax applies."""

    STANDARD_RATED = "standard_rated"
    REVERSE_CHARGE = "reverse_charge"
    EXPORT = "export"
    EXEMPT = "exempt"


class Rate(Struct, frozen=True):
    """A rate of tax, and the reason why it applies."""

    ppm: int
    reason: TaxReason = TaxReason.STANDARD_RATED


class Rounding(StrEnum):
    """The amounts for which tax is rounded."""

    PER_RATE = "per_rate"
    PER_LINE = "per_line"


class Taxes(Struct, frozen=True):
    """The rates of tax at the place and the moment of an order."""

    rates: Mapping[str, Rate]
    """The rate of each class."""
    prices_include_tax: bool = True
    rounding: Rounding = Rounding.PER_RATE
    taken_out: Mapping[str, int] = {}
    """The rate of the included tax of each class if it is not charged; empty if it is charged."""


class Cart(Struct, frozen=True):
    """The cart to be priced."""

    goods: tuple[Goods, ...]
    taxes: Taxes
    promotions: tuple[Promotion, ...] = ()
    shipping: Shipping | None = None
    """None if nothing is shipped."""


class Adjustment(Struct, frozen=True):
    """The discount of a promotion on a line or on shipping."""

    promotion_id: UUID
    position: int | None
    """The line, from 1; None means shipping."""
    amount_minor: int


class QuotedTax(Struct, frozen=True):
    """A part of an amount, and the tax that it includes or that is added."""

    rate: Rate
    base_minor: int
    """The taxed amount; it includes the tax if prices do."""
    tax_minor: int


class QuotedLine(Struct, frozen=True):
    """A line with its amounts, which an order keeps."""

    goods: Goods
    subtotal_minor: int
    discount_minor: int
    tax: QuotedTax
    total_minor: int
    """The amount to be paid for the line."""


class QuotedShipping(Struct, frozen=True):
    """Shipping with its amounts."""

    price_minor: int
    discount_minor: int
    taxes: tuple[QuotedTax, ...]
    """The taxes; several if shipping is taxed in proportion to the goods."""
    total_minor: int


class NotApplied(Struct, frozen=True):
    """A promotion that does not apply, and why."""

    promotion: Promotion
    refusal: Refusal
    missing_minor: int = 0
    """The amount that is missing to the minimum."""
    missing_quantity: int = 0


class Quote(Struct, frozen=True):
    """The price of a cart."""

    lines: tuple[QuotedLine, ...]
    shipping: QuotedShipping | None
    """None if nothing is shipped, or if the way to ship does not fit."""
    is_shippable: bool
    """Whether the shipping method fits the goods."""
    taxes: tuple[QuotedTax, ...]
    """The sums by rate, the highest rate first."""
    adjustments: tuple[Adjustment, ...]
    not_applied: tuple[NotApplied, ...] = ()
    subtotal_minor: int = 0
    discount_minor: int = 0
    tax_minor: int = 0
    total_minor: int = 0

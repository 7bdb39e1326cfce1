"""Carts: requests and responses."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.core.limits import MAX_LINES
from app.core.vat.numbers import MAX_VAT_NUMBER
from app.schemas.amounts import InCurrency, WithCurrency
from app.schemas.base import Change, Schema, omitted, unchanged
from app.schemas.carts.line_schema import CartLineRead
from app.schemas.fields import (
    Amount,
    Email,
    Line,
    Natural,
    Ordinal,
    Prose,
    ShopCurrency,
    VatNumber,
)
from app.schemas.identity.user_schema import EXAMPLE_ADDRESS, PostalAddress, complete_address
from app.schemas.taxes.amount_fields import (
    DISCOUNT,
    PRICES_INCLUDE_TAX,
    SHIPPING,
    SHIPPING_TAX,
    TAX,
)
from app.schemas.taxes.tax_amounts import TaxAtRate
from app.tables.promotions import CODE_LENGTH

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
MAX_CODES = 10
MAX_NOTE = 2_000
_MAX_NOTICES = 4 * MAX_LINES
_MAX_METHODS = 1_000

Address = Annotated[PostalAddress, AfterValidator(complete_address)]
Locale = Annotated[
    str, StringConstraints(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$", max_length=35)
]
Note = Annotated[Prose, Field(max_length=MAX_NOTE)]
Code = Annotated[Line, Field(max_length=CODE_LENGTH)]

NoticeCode = Literal[
    "price-changed",
    "only-n-left",
    "not-for-sale",
    "not-sold-in-currency",
    "code-does-not-apply",
    "code-unknown",
    "shipping-method-unfit",
    "not-sold-to-country",
    "tax-unavailable",
    "vat-number-without-effect",
    "left-out",
]

CURRENCY: Any = unchanged(
    description="The currency of the prices; by default the first one of the shop.",
    examples=["USD"],
)
EMAIL: Any = unchanged(
    description="The e-mail address for mails about the order; null for none.",
    examples=["ada@example.com"],
)
NOTE: Any = unchanged(description="A note for the shop.", examples=["Please ring twice."])
LOCALE: Any = unchanged(
    description="The language of the customer (BCP 47); empty if unknown.", examples=["de"]
)

DELIVERED_TO: Any = unchanged(
    description="The delivery address; null for none.", examples=[EXAMPLE_ADDRESS]
)
BILLED_TO: Any = unchanged(
    description="The address of the invoice; null if it is the delivery address.",
    examples=[None],
)
SHOWN_TO: Any = Field(description="The delivery address.", examples=[EXAMPLE_ADDRESS])
SHOWN_BILLED_TO: Any = Field(
    description="The address of the invoice, if it is another one.", examples=[None]
)
SHOWN_METHOD: Any = Field(description="The shipping method.", examples=[None])


class CartFields(Change):
    """The choices of a customer besides the lines."""

    currency: ShopCurrency = CURRENCY
    email: Email | None = EMAIL
    note: Note = NOTE
    locale: Locale = LOCALE
    delivery_address: Address | None = DELIVERED_TO
    billing_address: Address | None = BILLED_TO
    shipping_method_id: UUID | None = unchanged(
        description="The shipping method; null for none.", examples=[None]
    )
    vat_number: VatNumber | None = unchanged(
        description="The VAT number of a business, checked by its check digit; null for none.",
        examples=["ATU13585627"],
    )


class CartCreate(CartFields):
    """A new cart."""


class CartChange(CartFields):
    """A change of a cart."""


class CodeEnter(Schema):
    """A code that the customer enters."""

    code: Code = Field(
        description="The code, without regard to case and spaces.", examples=["SUMMER-26"]
    )


class CodeQuery(Schema):
    """The code that is removed from a cart."""

    code: Code = Field(
        description="The code, without regard to case and spaces.", examples=["SUMMER-26"]
    )


class CartDiscount(InCurrency):
    """The discount of a promotion on a cart."""

    label: str = Field(
        max_length=100, description="The name of the promotion.", examples=["10 % off tea"]
    )
    code: str | None = omitted(
        max_length=CODE_LENGTH,
        description="The code; absent for a promotion that applies by itself.",
        examples=["SUMMER-26"],
    )
    amount_minor: Amount = Field(
        alias="amount", description="The discount on lines and shipping.", examples=["2.00"]
    )


class CartNotice(InCurrency):
    """What the customer should know before ordering."""

    code: NoticeCode = Field(description="The kind of the notice.", examples=["only-n-left"])
    detail: str = Field(
        max_length=500, description="The notice for people.", examples=["only 3 are left"]
    )
    variant_id: UUID | None = omitted(description="The variant of the line.", examples=[_ID])
    available: Natural | None = omitted(description="How many units are left.", examples=[3])
    before_minor: Amount = omitted(
        alias="before", description="The price that the customer saw.", examples=["4.99"]
    )
    now_minor: Amount = omitted(alias="now", description="The current price.", examples=["5.49"])
    promotion_code: str | None = omitted(
        max_length=CODE_LENGTH, description="The code that was entered.", examples=["SUMMER-26"]
    )
    reason: str | None = omitted(
        max_length=32, description="Why the code does not apply.", examples=["below-minimum"]
    )
    missing_minor: Amount = omitted(
        alias="missing", description="The amount that is missing to the minimum.", examples=["5.02"]
    )
    missing_quantity: Natural | None = omitted(
        description="The number of units that are missing to the minimum.", examples=[1]
    )


class CartChoices(WithCurrency):
    """A cart without its price."""

    id: UUID = Field(description="The cart's id (UUIDv7).", examples=[_ID])
    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )
    email: str | None = Field(
        max_length=320, description="The e-mail address for mails about the order.", examples=[None]
    )
    note: str = Field(max_length=MAX_NOTE, description="A note for the shop.", examples=[""])
    locale: str = Field(max_length=35, description="The customer's language.", examples=["de"])
    delivery_address: PostalAddress | None = SHOWN_TO
    billing_address: PostalAddress | None = SHOWN_BILLED_TO
    shipping_method_id: UUID | None = SHOWN_METHOD
    vat_number: str | None = Field(
        max_length=MAX_VAT_NUMBER,
        description="The VAT number of a business, without separators.",
        examples=[None],
    )
    order_id: UUID | None = omitted(
        description="The order that was placed from the cart, which no longer changes.",
        examples=[_ID],
    )
    codes: list[Code] = Field(
        max_length=MAX_CODES, description="The codes that were entered.", examples=[[]]
    )


class Quoted(WithCurrency):
    """The current price of a cart or a draft of an order."""

    lines: list[CartLineRead] = Field(
        max_length=MAX_LINES, description="The lines, the oldest first.", examples=[[]]
    )
    discounts: list[CartDiscount] = Field(
        max_length=MAX_LINES, description="The discounts of promotions.", examples=[[]]
    )
    notices: list[CartNotice] = Field(
        max_length=_MAX_NOTICES,
        description="What the customer should know before ordering.",
        examples=[[]],
    )
    subtotal_minor: Amount = Field(
        alias="subtotal", description="The lines at their prices.", examples=["9.98"]
    )
    discount_minor: Amount = DISCOUNT
    shipping_minor: Amount = SHIPPING
    shipping_tax_minor: Amount = SHIPPING_TAX
    tax_minor: Amount = TAX
    taxes: list[TaxAtRate] = omitted(
        [],
        max_length=MAX_LINES + 1,
        description="The tax by rate, the highest first.",
        examples=[[]],
    )
    total_minor: Amount = Field(
        alias="total", description="The amount to be paid.", examples=["9.98"]
    )
    prices_include_tax: bool = PRICES_INCLUDE_TAX

    @model_validator(mode="after")
    def _have_one_currency(self) -> Self:
        self.hand_down([*self.lines, *self.discounts, *self.notices, *self.taxes])
        return self


class CartRead(Quoted, CartChoices):
    """A cart with its current price."""

    created_at: datetime = Field(description="When the cart was opened (UTC).", examples=[_MOMENT])
    updated_at: datetime = Field(
        description="When the cart was last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])


class CartShippingMethod(InCurrency):
    """A shipping method that a cart can have."""

    id: UUID = Field(description="The method's id (UUIDv7).", examples=[_ID])
    name: str = Field(max_length=100, description="The name.", examples=["Standard"])
    description: str = Field(max_length=2_000, description="For customers.", examples=[""])
    carrier: str = Field(max_length=100, description="The carrier.", examples=["DHL"])
    min_days: Natural | None = Field(
        description="The lowest number of days until delivery.", examples=[1]
    )
    max_days: Natural | None = Field(
        description="The highest number of days until delivery.", examples=[3]
    )
    is_pickup: bool = Field(
        description="Whether the customer collects the goods.", examples=[False]
    )
    price_minor: Amount = Field(
        alias="price",
        description="The price before promotions, and without tax that prices do not include.",
        examples=["4.90"],
    )


class CartShippingMethods(WithCurrency):
    """The shipping methods that a cart can have."""

    currency: str = Field(
        max_length=3, description="The currency of the prices (ISO 4217).", examples=["USD"]
    )
    items: list[CartShippingMethod] = Field(
        max_length=_MAX_METHODS, description="The methods, in their order.", examples=[[]]
    )

    @model_validator(mode="after")
    def _have_one_currency(self) -> Self:
        self.hand_down(self.items)
        return self

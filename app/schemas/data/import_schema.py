"""Rows of the files that `lavka import` reads; values may be text, as in CSV."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Self, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, model_validator

from app.core.calendar import ShopDays
from app.core.limits import MAX_LINE_QUANTITY
from app.models import OrderStatus
from app.schemas.base import MemberError, Schema, location_of, reason_of, unchanged
from app.schemas.catalogue.category_schema import MAX_DEPTH
from app.schemas.catalogue.product_schema import Category, ProductFields, Title
from app.schemas.catalogue.variant_schema import MAX_QUANTITY, Barcode, OptionName, OptionValue
from app.schemas.fields import DIGITS, Line, PriceInput, Sku, Username
from app.schemas.identity.user_schema import UserFields
from app.schemas.name_paths import split_names
from app.tables.identity import comparison_key

Row = TypeVar("Row", bound=Schema)

_PLACED_AT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"(?: ?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_FORMS = "must be written like 2026-11-20 or 2026-11-20T15:30:00+01:00"
_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[0-9.]*,[0-9]+")
_WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
_SHOWN_LENGTH = 40
# The input of the errors of these types is the whole row.
_SHOW_NOTHING = ("missing", "member")


def _price(value: object) -> object:
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value):
        raise ValueError("has a decimal comma; must be written with a point, like 19.99")
    return value


def _truth(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.casefold() not in _WORDS:
        raise ValueError("must be true or false; yes and no, 1 and 0 are accepted, too")
    return _WORDS[value.casefold()]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _names(value: object) -> object:
    if not isinstance(value, str):
        return value
    names = split_names(value)
    if len(names) > MAX_DEPTH:
        raise ValueError(f"must have at most {MAX_DEPTH} names")
    return tuple(names)


def _moment(value: object, info: ValidationInfo) -> datetime:
    days: ShopDays = (info.context or {})["days"]
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, date):
            return days.start_of(value)
        else:
            written = _PLACED_AT.fullmatch(value) if isinstance(value, str) else None
            if written is None:
                raise ValueError(_form_for(value))
            if written["time"] is None:
                return days.start_of(date.fromisoformat(written["day"]))
            moment = datetime.fromisoformat(
                f"{written['day']}T{written['time']}{(written['offset'] or '').upper()}"
            )
        return moment.astimezone(UTC) if moment.tzinfo else days.moment_of(moment)
    except OverflowError as error:
        raise ValueError("must be a moment that exists in UTC") from error


def _form_for(value: object) -> str:
    if isinstance(value, (int, float, Decimal)) or _NUMBER.fullmatch(str(value)):
        return f"{_FORMS}; a number is not accepted, as it may be a day, seconds or a year"
    return _FORMS


ImportPrice = Annotated[PriceInput, BeforeValidator(_price)]
"""A price; the error for a decimal comma names it."""

Flag = Annotated[bool, BeforeValidator(_truth)]
"""A truth value in words."""

WrittenCount = Annotated[int, Field(ge=0, le=MAX_QUANTITY), DIGITS]
"""A number from 0, in digits."""

CategoryPath = Annotated[tuple[Category, ...], BeforeValidator(_names)]
"""The names of categories, from the top."""

WrittenMoment = Annotated[datetime, BeforeValidator(_moment)]
"""A day or a moment in ISO 8601; without an offset, in the time zone of the shop."""


class VariantColumns(Schema):
    """The columns of products besides the basic ones; each may be absent."""

    product_sku: Sku | None = Field(
        default=None,
        description="The SKU of the product's first variant: the rows with the same one are the "
        "variants of one product.",
        examples=["TEA-EARL-100"],
    )
    category_path: CategoryPath | None = Field(
        default=None,
        description="The names of the category and its ancestors, from the top; missing ones are "
        "created. Without it, `category` is found by its name.",
        examples=["Drinks > Tea"],
    )
    option1_name: OptionName | None = Field(
        default=None, description="The first option of the product.", examples=["Package"]
    )
    option1_value: OptionValue | None = Field(
        default=None, description="Its value for this variant.", examples=["100 g"]
    )
    option2_name: OptionName | None = Field(
        default=None, description="The second option.", examples=["Grind"]
    )
    option2_value: OptionValue | None = Field(
        default=None, description="Its value for this variant.", examples=["Whole"]
    )
    option3_name: OptionName | None = Field(
        default=None, description="The third option.", examples=["Organic"]
    )
    option3_value: OptionValue | None = Field(
        default=None, description="Its value for this variant.", examples=["Yes"]
    )
    compare_at_minor: ImportPrice | None = Field(
        default=None,
        alias="compare_at_price",
        description="A former or recommended price, to be shown next to the lower one.",
        examples=["5.99"],
    )
    currency: Annotated[str, Field(max_length=3)] | None = Field(
        default=None, description="The currency of the prices: that of the shop.", examples=["USD"]
    )
    barcode: Barcode | None = Field(
        default=None, description="A barcode, such as a GTIN.", examples=["4006381333931"]
    )
    weight_grams: WrittenCount | None = Field(
        default=None, description="The weight of one unit in grams.", examples=["120"]
    )
    low_stock_at: WrittenCount | None = Field(
        default=None,
        description="The stock at which the variant is low, if not `LOW_STOCK_AT`.",
        examples=["3"],
    )
    tracks_stock: Flag = Field(
        default=True, description="Whether orders need stock.", examples=["true"]
    )
    allows_backorder: Flag = Field(
        default=False,
        description="Whether more than the stock can be ordered.",
        examples=["false"],
    )
    variant_is_active: Flag = Field(
        default=True, description="Whether this variant is for sale.", examples=["true"]
    )

    @model_validator(mode="after")
    def _have_options_in_order(self) -> Self:
        names = [self.option1_name, self.option2_name, self.option3_name]
        for place, (before, name) in enumerate(pairwise(names), start=1):
            if before is None and name is not None:
                raise MemberError(f"option{place}_name", f"is required with option{place + 1}_name")
        given = [comparison_key(name) for name in names if name is not None]
        if len(set(given)) < len(given):
            raise MemberError(
                "option1_name", "must differ from the other options by more than case"
            )
        return self


class ProductRow(VariantColumns, ProductFields):
    """A product with its first or only variant, with the same rules as in the API."""

    price_minor: ImportPrice = Field(
        alias="price",
        description="The price of one unit in the shop's currency, with a decimal point.",
        examples=["4.99"],
    )
    stock_quantity: Annotated[int, Field(ge=-MAX_QUANTITY, le=MAX_QUANTITY), DIGITS] = Field(
        default=0,
        description="Units in stock. A product that exists keeps its stock; with --update, and "
        "without --move-stock, this is the counted stock. A negative number is the units owed to "
        "orders.",
        examples=["100"],
    )
    is_active: Flag = Field(
        default=True,
        description="Whether the product is for sale: true or false.",
        examples=["true"],
    )

    @property
    def is_further(self) -> bool:
        """Whether the row is one of a further variant of a product."""
        return self.product_sku not in (None, self.sku)

    @property
    def product_key(self) -> str:
        """The SKU that all rows of a product have in common."""
        return self.product_sku or self.sku

    @property
    def option_names(self) -> list[str]:
        """The names of the options of the product."""
        names = (self.option1_name, self.option2_name, self.option3_name)
        return [name for name in names if name is not None]

    @property
    def option_values(self) -> list[str | None]:
        """The value of each option."""
        return [self.option1_value, self.option2_value, self.option3_value]

    @model_validator(mode="after")
    def _have_one_category(self) -> Self:
        if self.category_path and self.category not in (None, self.category_path[-1]):
            raise MemberError("category_path", f"must end with the category {shown(self.category)}")
        return self

    @model_validator(mode="after")
    def _have_stock_or_owe_it(self) -> Self:
        if self.stock_quantity < 0 and self.tracks_stock and not self.allows_backorder:
            raise MemberError(
                "stock_quantity",
                "must be greater than or equal to 0, unless allows_backorder is true "
                f"(found {shown(self.stock_quantity)})",
            )
        return self


class VariantRow(ProductRow):
    """A further variant of a product; columns that all variants share may be absent."""

    name: Title = unchanged()
    category: Category = unchanged()
    price_minor: ImportPrice = unchanged(alias="price")


class UserRow(UserFields):
    """A user, with the same rules as in the API; the user has no password until a reset."""


class OrderRow(Schema):
    """One line of an order; adjacent rows share all columns but product, quantity and price."""

    reference: Annotated[Line, Field(max_length=100)] = Field(
        description="The number of the order in its source; unique in the shop.",
        examples=["#1001"],
    )
    username: Username = Field(description="The username of the buyer.", examples=["ada"])
    placed_at: WrittenMoment = Field(
        description="When the order was placed: a day, or a date with a time; without an offset "
        "from UTC, in SHOP_TIMEZONE.",
        examples=["2026-01-31T12:00:00+01:00"],
    )
    sku: Sku = Field(description="The SKU of the product.", examples=["TEA-EARL-100"])
    quantity: Annotated[int, Field(ge=1, le=MAX_LINE_QUANTITY), DIGITS] = Field(
        description="The units ordered.", examples=["2"]
    )
    unit_price_minor: ImportPrice | None = Field(
        default=None,
        alias="unit_price",
        description="The price paid for one unit; if absent, the product's current price.",
        examples=["4.50"],
    )
    status: Annotated[OrderStatus, BeforeValidator(_lower)] = Field(
        default=OrderStatus.DELIVERED,
        description="pending, paid, shipped, delivered or cancelled; delivered if absent.",
        examples=["delivered"],
    )


class BrokenRow(dict[str, Any]):
    """The cells of a row that can be separated, the reason of the fault, and the remaining text."""

    def __init__(self, cells: Mapping[str, Any], reason: str, rest: Sequence[str]) -> None:
        super().__init__(cells)
        self.reason = reason
        self.rest = rest


ROW_KINDS: dict[str, type[Schema]] = {"products": ProductRow, "users": UserRow, "orders": OrderRow}
"""The kinds of file, in the order of their dependencies."""


def columns_of(kind: type[Schema]) -> dict[str, bool]:
    """Return the columns of a kind of file, and whether each is required."""
    return {field.alias or name: field.is_required() for name, field in kind.model_fields.items()}


VARIANT_COLUMNS = frozenset(columns_of(VariantColumns))
"""The columns of products that are not in every file of products."""

GUARDED = (
    *("name", "description", "category", "category_path", "barcode"),
    *(f"option{place}_{part}" for place in (1, 2, 3) for part in ("name", "value")),
)
"""The columns of products with texts that could be formulas in a spreadsheet."""


def column_key(name: str) -> str:
    """Return the key that recognizes a column: without case, spaces, hyphens and underscores."""
    return re.sub(r"[\W_]+", "", name.casefold())


def parse_row(kind: type[Row], row: Mapping[str, Any], days: ShopDays) -> Row | str:
    """Return a validated row, or its faults; an empty cell counts as absent."""
    if isinstance(row, BrokenRow):
        return row.reason
    try:
        return kind.model_validate(
            {name: value for name, value in row.items() if value not in ("", None)},
            context={"days": days},
        )
    except ValidationError as error:
        return "; ".join(
            f"{'.'.join(map(str, location_of(each)[:1]))}: {reason_of(each)}"
            + ("" if each["type"] in _SHOW_NOTHING else f" (found {shown(each['input'])})")
            for each in error.errors()
        )


def shown(value: object) -> str:
    """Return a value in the form that messages quote."""
    text = repr(str(value))
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…'"

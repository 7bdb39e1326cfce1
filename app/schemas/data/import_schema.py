"""Rows of the files that `lavka import` reads; values may be text, as in CSV."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo

from app.core.calendar import ShopDays
from app.models import OrderStatus
from app.schemas.base import Schema, reason_of
from app.schemas.catalogue.product_schema import ProductFields
from app.schemas.catalogue.variant_schema import MAX_QUANTITY
from app.schemas.fields import DIGITS, Line, PriceInput, Sku, Username
from app.schemas.identity.user_schema import UserFields
from app.schemas.orders.order_schema import MAX_LINE_QUANTITY

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


def _price(value: object) -> object:
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value):
        raise ValueError("has a decimal comma; must be written with a point, like 19.99")
    return value


def _truth(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.casefold() not in _WORDS:
        raise ValueError("must be true or false; yes and no, 1 and 0 are taken, too")
    return _WORDS[value.casefold()]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


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
        return f"{_FORMS}; a number is not taken, as it may be a day, seconds or a year"
    return _FORMS


ImportPrice = Annotated[PriceInput, BeforeValidator(_price)]
"""A price; a decimal comma is refused by that name."""

WrittenMoment = Annotated[datetime, BeforeValidator(_moment)]
"""A day or a moment in ISO 8601; without an offset, in the time zone of the shop."""


class ProductRow(ProductFields):
    """A product, with the same rules as in the API."""

    price_minor: ImportPrice = Field(
        alias="price",
        description="The price of one unit in the shop's currency, with a decimal point.",
        examples=["4.99"],
    )
    stock_quantity: Annotated[int, Field(ge=0, le=MAX_QUANTITY), DIGITS] = Field(
        default=0,
        description="Units in stock. A product that exists keeps its stock; with --update, and "
        "without --move-stock, this is the counted stock.",
        examples=["100"],
    )
    is_active: Annotated[bool, BeforeValidator(_truth)] = Field(
        default=True,
        description="Whether the product is for sale: true or false.",
        examples=["true"],
    )


class UserRow(UserFields):
    """A user, with the same rules as in the API; the user has no password until a reset."""


class OrderRow(Schema):
    """One line of an order; its rows are adjacent and share all but product, quantity and price."""

    reference: Annotated[Line, Field(max_length=100)] = Field(
        description="The number of the order where it comes from; unique in the shop.",
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
    """The cells of a row as far as they can be told apart, why they cannot, and what is left."""

    def __init__(self, cells: Mapping[str, Any], reason: str, rest: Sequence[str]) -> None:
        super().__init__(cells)
        self.reason = reason
        self.rest = rest


ROW_KINDS: dict[str, type[Schema]] = {"products": ProductRow, "users": UserRow, "orders": OrderRow}
"""The kinds of file, in the order of their dependencies."""


def columns_of(kind: type[Schema]) -> dict[str, bool]:
    """Return the columns of a kind of file, and whether each is required."""
    return {field.alias or name: field.is_required() for name, field in kind.model_fields.items()}


def column_key(name: str) -> str:
    """Return the key that recognizes a column: without case, spaces, hyphens and underscores."""
    return re.sub(r"[\W_]+", "", name.casefold())


def parse_row(kind: type[Row], row: Mapping[str, Any], days: ShopDays) -> Row | str:
    """Return a validated row, or what is wrong with it; an empty cell counts as absent."""
    if isinstance(row, BrokenRow):
        return row.reason
    try:
        return kind.model_validate(
            {name: value for name, value in row.items() if value not in ("", None)},
            context={"days": days},
        )
    except ValidationError as error:
        return "; ".join(
            f"{'.'.join(map(str, each['loc'][:1]))}: {reason_of(each)}"
            + ("" if each["type"] == "missing" else f" (found {shown(each['input'])})")
            for each in error.errors()
        )


def shown(value: object) -> str:
    """Return a value as it is quoted in a message."""
    text = repr(str(value))
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…'"

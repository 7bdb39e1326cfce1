"""Rows of the files that `lavka import` reads; values may be text, as in CSV."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from app.models import OrderStatus
from app.schemas.base import Schema, reason_of
from app.schemas.catalogue.product_schema import MAX_QUANTITY, ProductCreate
from app.schemas.fields import Line, Moment, PriceInput, Sku, Username
from app.schemas.identity.user_schema import UserFields
from app.schemas.orders.order_schema import MAX_LINE_QUANTITY

Row = TypeVar("Row", bound=Schema)


class ProductRow(ProductCreate):
    """A product, with the same rules as in the API."""

    stock_quantity: Annotated[int, Field(ge=0, le=MAX_QUANTITY)] = 0
    is_active: bool = True


class UserRow(UserFields):
    """A user, with the same rules as in the API; the user has no password until a reset."""


class OrderRow(Schema):
    """One line of an order; its rows are adjacent and share all but product, quantity and price."""

    reference: Annotated[Line, Field(max_length=100)]
    username: Username
    placed_at: Moment
    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=MAX_LINE_QUANTITY)]
    # Absent, the current price of the product applies.
    unit_price_minor: PriceInput | None = Field(default=None, alias="unit_price")
    status: OrderStatus = OrderStatus.DELIVERED


ROW_KINDS: dict[str, type[Schema]] = {"products": ProductRow, "users": UserRow, "orders": OrderRow}
"""The kinds of file, in the order of their dependencies."""


def columns_of(kind: type[Schema]) -> tuple[set[str], set[str]]:
    """Return the required columns of a kind of file, and all allowed ones."""
    named = {field.alias or name: field.is_required() for name, field in kind.model_fields.items()}
    return {name for name, required in named.items() if required}, set(named)


def parse_row(kind: type[Row], row: Mapping[str, Any]) -> Row | str:
    """Return a validated row, or what is wrong with it; an empty cell counts as absent."""
    try:
        return kind.model_validate(
            {name: value for name, value in row.items() if value not in ("", None)}
        )
    except ValidationError as error:
        return "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {reason_of(each)}" for each in error.errors()
        )

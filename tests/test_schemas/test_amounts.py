"""Amounts of money in documents: each has the decimal places of its own currency."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import PydanticSerializationError

from app.models import Availability, OrderStatus
from app.schemas.amounts import AMOUNTS, InCurrency
from app.schemas.base import Schema
from app.schemas.catalogue.product_schema import ProductListed, ProductRead
from app.schemas.catalogue.variant_schema import VariantRead
from app.schemas.fields import Amount
from app.schemas.orders.order_schema import OrderItemRead, OrderRead
from app.schemas.reports.report_schema import (
    HourRead,
    ReportLineRead,
    ReportProductRead,
    ReportRead,
    Total,
)

ID = UUID("0199a1b2-7c00-7d00-8e00-000000000001")
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SHOWN = pytest.mark.parametrize(
    ("currency", "shown"), [("JPY", "1980"), ("EUR", "19.80"), ("KWD", "1.980")]
)
MINOR = 1980
_PRODUCT: dict[str, Any] = {
    "id": ID,
    "sku": "TEA",
    "name": "Tea",
    "description": "",
    "category": "Tea",
    "price_minor": MINOR,
    "variants_count": 2,
    "is_active": True,
    "created_at": NOW,
    "version": 1,
}


def product_in(currency: str) -> ProductRead:
    """Return a product with a variant."""
    variant = VariantRead(
        id=ID,
        product_id=ID,
        position=1,
        sku="TEA",
        barcode=None,
        option_values={"Size": "S"},
        price_minor=MINOR,
        compare_at_minor=MINOR,
        stock_quantity=1,
        availability=Availability.IN_STOCK,
        tracks_stock=True,
        allows_backorder=False,
        low_stock_at=None,
        weight_grams=None,
        is_active=True,
        created_at=NOW,
        updated_at=NOW,
        version=1,
    )
    return ProductRead(
        **_PRODUCT, currency=currency, stock_quantity=1, updated_at=NOW, variants=[variant]
    )


def order_in(currency: str) -> OrderRead:
    """Return an order with a line."""
    line = OrderItemRead(
        product_id=ID, variant_id=ID, sku="TEA", name="Tea", unit_price_minor=MINOR, quantity=1
    )
    return OrderRead(
        id=ID,
        number=1,
        user_id=ID,
        status=OrderStatus.PENDING,
        units=1,
        total_minor=MINOR,
        currency=currency,
        created_at=NOW,
        updated_at=NOW,
        version=1,
        delivery_address=None,
        items=[line],
        history=[],
    )


def sales() -> ReportProductRead:
    """Return the sales of a product."""
    return ReportProductRead(
        product_id=ID,
        variant_id=ID,
        sku="TEA",
        name="Tea",
        units=1,
        gross_minor=MINOR,
        cancelled_units=0,
        cancelled_minor=MINOR,
    )


def report_line() -> ReportLineRead:
    """Return an order of a report."""
    return ReportLineRead(
        report_id=ID,
        order_id=ID,
        order_number=1,
        placed_at=NOW,
        count_product=1,
        total_minor=MINOR,
    )


def report_in(currency: str) -> ReportRead:
    """Return a report with an hour, a product and an order."""
    total = {"orders_count": 1, "units": 1, "amount_minor": MINOR}
    return ReportRead(
        id=ID,
        day=date(2026, 1, 31),
        timezone="UTC",
        starts_at=NOW,
        ends_at=NOW,
        currency=currency,
        placed=Total(**total),
        cancelled=Total(**total),
        corrections=Total(**total),
        net_units=1,
        net_minor=MINOR,
        first_order_at=None,
        last_order_at=None,
        digest="0" * 64,
        created_at=NOW,
        updated_at=NOW,
        version=1,
        by_hour=[HourRead(hour=9, **total)],
        by_product=[sales()],
        items=[report_line()],
        next=None,
    )


def amounts_in(document: Any) -> list[str]:
    """Return all amounts of a decoded document."""
    if isinstance(document, list):
        return [amount for each in document for amount in amounts_in(each)]
    if not isinstance(document, dict):
        return []
    names = {each.removesuffix("_minor") for each in AMOUNTS} | {"compare_at_price"}
    own = [document[name] for name in document if name in names and name != "cancelled"]
    own += [each for name in ["cancelled"] if isinstance(each := document.get(name), str)]
    return own + [amount for each in document.values() for amount in amounts_in(each)]


@SHOWN
def test_a_product_shows_all_prices_in_its_currency(currency: str, shown: str) -> None:
    product = product_in(currency)
    listed = ProductListed(**_PRODUCT, currency=currency, availability=Availability.IN_STOCK)
    assert amounts_in(json.loads(product.to_json())) == [shown] * 3
    assert amounts_in(json.loads(listed.model_dump_json(by_alias=True))) == [shown]


@SHOWN
def test_an_order_shows_all_amounts_in_its_currency(currency: str, shown: str) -> None:
    assert amounts_in(json.loads(order_in(currency).to_json())) == [shown] * 2


@SHOWN
def test_a_report_shows_all_amounts_in_its_currency(currency: str, shown: str) -> None:
    assert amounts_in(json.loads(report_in(currency).to_json())) == [shown] * 8


def test_orders_in_several_currencies_fit_into_one_document() -> None:
    class Orders(Schema):
        """Orders of one person."""

        orders: list[OrderRead]

    found = Orders(orders=[order_in("JPY"), order_in("EUR"), order_in("KWD")])
    shown = ["1980", "1980", "19.80", "19.80", "1.980", "1.980"]
    assert amounts_in(json.loads(found.to_json())) == shown


def test_an_amount_without_a_currency_is_not_shown() -> None:
    total = Total(orders_count=1, units=1, amount_minor=MINOR)
    with pytest.raises(PydanticSerializationError, match="_currency"):
        total.to_json()
    assert json.loads(total.in_currency("JPY").to_json())["amount"] == "1980"


def test_an_amount_in_a_schema_without_a_currency_is_not_shown() -> None:
    class Offer(Schema):
        """A document without a currency."""

        price_minor: Amount

    class Fee(InCurrency):
        """A document with an amount whose name is not listed."""

        fee_minor: Amount

    for document in (Offer(price_minor=MINOR), Fee(fee_minor=MINOR).in_currency("JPY")):
        with pytest.raises(PydanticSerializationError, match="knows the currency"):
            document.to_json()

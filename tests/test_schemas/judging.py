"""Passes documents to schemas like HTTP, and returns their errors."""

import json
from typing import Any, TypeVar

import pytest

from app.errors import InvalidInput
from app.schemas.base import Schema, decode_json
from app.schemas.catalogue.product_query import ProductQuery
from app.schemas.catalogue.stock_schema import StockMovementQuery
from app.schemas.catalogue.variant_schema import VariantQuery
from app.schemas.identity.api_key_schema import ApiKeyQuery
from app.schemas.identity.user_schema import UserQuery
from app.schemas.invoices.invoice_schema import InvoiceQuery
from app.schemas.messaging.dead_letter_schema import DeadLetterQuery
from app.schemas.orders.draft_schema import DraftQuery
from app.schemas.orders.order_schema import OrderQuery
from app.schemas.orders.return_schema import ReturnQuery
from app.schemas.orders.shipment_schema import ShipmentQuery
from app.schemas.page_schema import PageQuery
from app.schemas.payments.payment_schema import PaymentQuery
from app.schemas.prices.price_list_schema import PriceListQuery
from app.schemas.prices.price_schema import PriceListPricesQuery
from app.schemas.promotions.coupon_schema import CouponQuery
from app.schemas.promotions.promotion_schema import PromotionQuery
from app.schemas.reports.report_schema import ReportLineQuery, ReportProductQuery, ReportQuery
from app.schemas.shipping.shipping_method_schema import ShippingMethodQuery
from app.schemas.system.audit_schema import AuditQuery
from app.schemas.taxes.tax_rate_schema import TaxRateQuery

Kind = TypeVar("Kind", bound=Schema)

UNKNOWN = "is not a field of this document"
NO_STRING = "must be a string"
PRODUCT_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
LINE = {"product_id": PRODUCT_ID, "quantity": 1}
ORDER: dict[str, Any] = {"user_id": PRODUCT_ID, "items": [LINE]}
LISTS: tuple[type[PageQuery], ...] = (
    PaymentQuery,
    InvoiceQuery,
    ApiKeyQuery,
    AuditQuery,
    DeadLetterQuery,
    OrderQuery,
    DraftQuery,
    PriceListPricesQuery,
    PriceListQuery,
    PromotionQuery,
    CouponQuery,
    TaxRateQuery,
    ShippingMethodQuery,
    ShipmentQuery,
    ReturnQuery,
    ProductQuery,
    ReportLineQuery,
    ReportProductQuery,
    ReportQuery,
    StockMovementQuery,
    UserQuery,
    VariantQuery,
)
"""The query of every list; `test_refused_requests.py` compares it with the route table."""


def parsed(kind: type[Kind], body: object) -> Kind:
    """Return the parsed body, which is given as values or as raw bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return kind.parse(decode_json(content))


def errors_in_body(kind: type[Schema], body: object) -> dict[str, str]:
    """Return the places of the errors of a body, with the reasons."""
    with pytest.raises(InvalidInput) as error:
        parsed(kind, body)
    assert error.value.detail == "the body does not match its schema"
    return {each["pointer"]: each["detail"] for each in error.value.context["errors"]}


def errors_in_query(kind: type[Schema], *pairs: tuple[str, str]) -> dict[str, str]:
    """Return the wrong parameters of a query, with the reasons."""
    with pytest.raises(InvalidInput) as error:
        kind.parse_query(pairs)
    assert error.value.detail == "the query is not valid"
    return {each["parameter"]: each["detail"] for each in error.value.context["errors"]}

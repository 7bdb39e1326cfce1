"""One resource of each kind of a shop, as rows of its tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.core.ids import new_id
from app.models import (
    Attention,
    BankPayment,
    Base,
    Cart,
    CartLine,
    Coupon,
    Image,
    ImageStatus,
    InvoiceKind,
    MovementReason,
    Order,
    OrderChange,
    OrderItem,
    OrderStatus,
    Payment,
    PaymentStatus,
    Promotion,
    Redemption,
    Refund,
    RefundStatus,
    Rendition,
    ShippingMethod,
    ShippingRate,
    Trigger,
)
from app.pricing.terms import Effect
from app.security.tokens import digest_of
from tests.support.factories import address as postal_address
from tests.test_security.people import Row
from tests.test_security.rights.fulfilled import PAID_ORDER, RETURNED_CART

DAY = date(2017, 6, 1)
SHIRT = UUID("0199a1b2-7c00-7d00-8e00-00000000a11e")
"""A product in two variants."""
FILE = ("00", "00", "0" * 64 + ".webp")
"""The key of the file of an image, in parts."""
CART_TOKEN = "the token of a guest"
GUEST_TOKEN = "the-token-of-a-guest-who-was-written-to"
INVOICE = UUID("0199a1b2-7c00-7d00-8e00-00000000a1d1")
TAKEN = UUID("0199a1b2-7c00-7d00-8e00-00000000a1d0")
"""A captured payment."""
DRAFT = UUID("0199a1b2-7c00-7d00-8e00-00000000d4af")
ORDERED_CART = UUID("0199a1b2-7c00-7d00-8e00-00000000ca27")


def product_row(product_id: UUID) -> Row:
    """Return a product."""
    return {
        "id": product_id,
        "sku": "TEA",
        "name": "Tea",
        "description": "",
        "category": "Tea",
        "price_minor": 499,
        "currency": "USD",
        "option_names": [],
        "availability": "in_stock",
        "search_text": "tea",
    }


def variant_row(variant_id: UUID, product_id: UUID, sku: str, size: str = "") -> Row:
    """Return a variant of a product."""
    return {
        "id": variant_id,
        "product_id": product_id,
        "sku": sku,
        "price_minor": 499,
        "stock_quantity": 9,
        "option1": size,
        "option1_key": size.casefold(),
    }


def image_rows(product_id: UUID, times: Row) -> list[tuple[type[Base], Row]]:
    """Return an image with its file."""
    image = {
        "id": new_id(times["created_at"]),
        "product_id": product_id,
        "position": 1,
        "alt": "",
        "original_type": "image/png",
        "original_bytes": 1,
        "sha256": bytes(32),
        "width": 1,
        "height": 1,
        "colour": "#000000",
        "status": ImageStatus.READY,
        "version": 1,
    }
    file = {"image_id": image["id"], "width": 1, "height": 1, "size_bytes": 1}
    return [(Image, image | times), (Rendition, file | {"key": "/".join(FILE)})]


def price_list_row(now: datetime) -> Row:
    """Return a price list."""
    return {"id": new_id(now), "code": "members", "name": "Members", "currency": "USD"}


def tax_rate_row(now: datetime) -> Row:
    """Return a rate of tax."""
    place = {"country": "DE", "region": "", "region_key": "", "tax_class": "standard"}
    rate = {"valid_from": DAY, "rate_ppm": 190_000, "name": "MwSt. 19 %", "created_at": now}
    return {"id": new_id(now)} | place | rate


def shipping_rows(times: Row) -> list[tuple[type[Base], Row]]:
    """Return a shipping method with its rate."""
    places: Row = {"countries": [], "regions": [], "excluded_postal_prefixes": []}
    method = {"id": new_id(times["created_at"]), "name": "Standard"} | places
    thresholds = {"currency": "USD", "from_weight_grams": 0, "from_subtotal_minor": 0}
    rate = {"method_id": method["id"], "amount_minor": 490} | thresholds
    return [(ShippingMethod, method | times), (ShippingRate, rate)]


def promotion_rows(order_id: UUID, user_id: UUID, times: Row) -> list[tuple[type[Base], Row]]:
    """Return a promotion with a coupon that an order has used."""
    now = times["created_at"]
    promotion = {"id": new_id(now), "name": "Summer", "label": "10 % off", "used": 1}
    promotion |= {"trigger": Trigger.CODE, "effect": Effect.PERCENT_ITEMS, "percent_ppm": 100_000}
    coupon = {"id": new_id(now), "promotion_id": promotion["id"], "used": 1}
    use = {"order_id": order_id, "promotion_id": promotion["id"], "coupon_id": coupon["id"]}
    return [
        (Promotion, promotion | times),
        (Coupon, coupon | {"code": "SUMMER", "code_key": "summer"} | times),
        (Redemption, use | {"customer_key": str(user_id), "amount_minor": 50, "created_at": now}),
    ]


def draft_row(now: datetime, user_id: UUID) -> Row:
    """Return the draft of an order for a user."""
    items = [{"variant_id": str(SHIRT), "quantity": 1, "unit_price_minor": 499}]
    times = {"created_at": now, "updated_at": now}
    return {"id": DRAFT, "user_id": user_id, "currency": "USD", "items": items} | times


def carts_rows(now: datetime, ids: Mapping[type[Base], UUID]) -> list[tuple[type[Base], Row]]:
    """Return carts with the token of a guest: two were ordered, and one can be."""
    times = dict.fromkeys(("created_at", "updated_at", "touched_at"), now)
    shared: Row = {"currency": "USD", "codes": [], "token_digest": digest_of(CART_TOKEN)} | times
    cart = {"id": new_id(now), "email": "guest@example.com", "order_id": None} | shared
    cart["shipping_method_id"] = ids[ShippingMethod]
    cart["delivery_address"] = postal_address(recipient="Ada", region="")
    ordered = dict.fromkeys(cart) | {"id": ORDERED_CART, "order_id": ids[Order]} | shared
    line = {"cart_id": cart["id"], "variant_id": SHIRT, "position": 1, "quantity": 1}
    returned = ordered | {"id": RETURNED_CART, "order_id": PAID_ORDER}
    return [(Cart, ordered), (Cart, returned), (Cart, cart), (CartLine, line)]


def guest_proof_row(now: datetime) -> Row:
    """Return the proof of an address with the token of a guest."""
    return {
        "id": new_id(now),
        "token_digest": digest_of(GUEST_TOKEN),
        "email": "guest@example.com",
        "email_key": "guest@example.com",
        "created_at": now,
        "expires_at": now + timedelta(days=1),
    }


def letter_row(now: datetime) -> Row:
    """Return a dead letter."""
    return {
        "id": new_id(now),
        "queue": "order",
        "message_id": "message-1",
        "body": b"{}",
        "body_digest": sha256(b"{}").digest(),
        "code": "invalid-input",
        "reason": "items is required",
        "attempts": 1,
        "created_at": now,
    }


def report_row(times: Row) -> Row:
    """Return a report of a day without orders."""
    starts_at = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    counts = ("orders_count", "cancelled_count", "late_count")
    units = ("units", "cancelled_units", "late_units")
    amounts = ("gross_minor", "cancelled_minor", "late_minor")
    return (
        times
        | dict.fromkeys((*counts, *units, *amounts), 0)
        | {
            "id": new_id(starts_at),
            "report_day": DAY,
            "timezone": "UTC",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(days=1),
            "currency": "USD",
            "by_hour": [],
            "digest": bytes(32),
            "version": 1,
        }
    )


def order_rows(
    order_id: UUID, user_id: UUID, variant_ids: Sequence[UUID], times: Row
) -> list[tuple[type[Base], Row]]:
    """Return an order of a unit of each variant."""
    order = {
        "id": order_id,
        # A number that the next order cannot get.
        "number": 1_000_000,
        "user_id": user_id,
        "status": OrderStatus.PENDING,
        "delivery_address": None,
        "units": len(variant_ids),
        "total_minor": 499 * len(variant_ids),
        "currency": "USD",
    }
    items: list[tuple[type[Base], Row]] = [
        (
            OrderItem,
            {
                "order_id": order_id,
                "position": position,
                "variant_id": variant_id,
                "sku": "TEA",
                "name": "Tea",
                "unit_price_minor": 499,
                "quantity": 1,
                **dict.fromkeys(("shipped_quantity", "returned_quantity"), 0),
            },
        )
        for position, variant_id in enumerate(variant_ids, start=1)
    ]
    change = {
        "order_id": order_id,
        "position": 1,
        "from_status": None,
        "to_status": OrderStatus.PENDING,
        "actor": f"user {user_id}",
        "changed_at": times["created_at"],
    }
    return [(Order, order | times), *items, (OrderChange, change)]


def movement_rows(product_id: UUID, at: Any) -> list[Row]:
    """Return the movements of the stock of a product, of which one unit was sold."""
    return [
        {
            "id": new_id(at),
            "created_at": at,
            "source": "tests",
            "variant_id": product_id,
            "quantity": quantity,
            "reason": reason,
        }
        for quantity, reason in ((10, MovementReason.SUPPLY), (-1, MovementReason.SALE))
    ]


def payment_rows(order_id: UUID, times: Row) -> list[tuple[type[Base], Row]]:
    """Return a manual payment that is to be refunded, and two payments of the bank for tests."""
    at = times["created_at"]
    shared = {"order_id": order_id, "currency": "USD", "amount_minor": 100, "captured_minor": 0}
    captured = {"status": PaymentStatus.CAPTURED, "captured_minor": 100}
    # Rows of a table have the same columns.
    by_hand = {"id": new_id(at), "provider": "manual", "reference": None, "attention": None}
    by_hand |= shared | captured
    refund = {
        "id": new_id(at),
        "payment_id": by_hand["id"],
        "order_id": order_id,
        "status": RefundStatus.ASKED,
        "currency": "USD",
        "amount_minor": 100,
        "reason": "Paid twice.",
        "actor": "shop",
    }
    rows: list[tuple[type[Base], Row]] = [(Payment, by_hand | times), (Refund, refund | times)]
    authorised = {"status": PaymentStatus.AUTHORISED}
    for payment_id, reference, now in (
        (TAKEN, "bank_1", captured),
        (new_id(at), "bank_2", authorised),
    ):
        known = {"id": payment_id, "provider": "test", "reference": reference}
        rows.append((Payment, shared | known | now | times | {"attention": Attention.LATE}))
        booked = {"reference": reference, "request_key": reference, "payment_id": payment_id}
        booked |= {"order_number": 1_000_000, "captures_by_itself": False, "created_at": at}
        rows.append((BankPayment, shared | booked | now))
    asked = {"reference": "bank_3", "request_key": "bank_3", "payment_id": new_id(at)}
    asked |= booked | asked | {"status": PaymentStatus.REQUIRES_ACTION}
    return [*rows, (BankPayment, shared | asked)]


def invoice_row(order_id: UUID, at: datetime) -> Row:
    """Return a credit note of an order, which can still be invoiced."""
    return {
        "id": INVOICE,
        "series": "G2026-",
        "number": 1,
        "kind": InvoiceKind.CREDIT_NOTE,
        "order_id": order_id,
        "order_number": 1_000_000,
        "issued_at": at,
        "issued_on": at.date(),
        "supplied_on": at.date(),
        "currency": "USD",
        "prices_include_tax": True,
        "seller": {"name": "Lavka", "address": None, "country": None, "vat_number": None},
        "buyer": {"name": "Ada Lovelace", "address": None, "vat_number": None},
        "lines": [],
        "taxes": [],
        "net_minor": 499,
        "tax_minor": 0,
        "total_minor": 499,
        "digest": "0" * 64,
    }

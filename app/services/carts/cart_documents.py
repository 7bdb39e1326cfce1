"""The documents of carts: their lines, amounts and notices."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from app.core.money import format_minor
from app.pricing.terms import NotApplied, QuotedLine, Taxes
from app.repositories.carts.cart_line_repository import LineInCart
from app.schemas.carts.cart_schema import CartDiscount, CartNotice, CartRead
from app.schemas.carts.line_schema import CartLineRead
from app.schemas.catalogue.image_schema import ProductImage
from app.schemas.catalogue.variant_schema import option_values_of
from app.schemas.taxes.tax_amounts import TaxAtRate
from app.services.carts.cart_quotes import QuotedCart
from app.services.carts.quoting import full_name, net_of
from app.tables.catalogue import availability_of, is_limited
from app.tables.promotions import code_key

_OF_CART = (
    "id",
    "currency",
    "email",
    "note",
    "locale",
    "delivery_address",
    "billing_address",
    "shipping_method_id",
    "vat_number",
    "order_id",
    "codes",
    "created_at",
    "updated_at",
    "version",
)


def document_of(
    its: QuotedCart, low_stock_at: int, *, notices: tuple[CartNotice, ...] = ()
) -> CartRead:
    """Return the document of a cart, with some notices before its own."""
    return CartRead(
        **{name: getattr(its.cart, name) for name in _OF_CART},
        **amounts_of(its, low_stock_at, notices),
    )


def amounts_of(
    its: QuotedCart, low_stock_at: int, notices: tuple[CartNotice, ...] = ()
) -> dict[str, Any]:
    """Return the fields of `Quoted`, with some notices before its own."""
    quote = its.quote
    taxes = its.terms.taxes
    of_variant = {line.goods.variant_id: line for line in quote.lines}
    return {
        "lines": [
            _line(each, of_variant.get(each.variant.row.variant_id), low_stock_at, taxes)
            for each in its.lines
        ],
        "discounts": _discounts(its),
        "notices": [*notices, *_notices(its)],
        "subtotal_minor": quote.subtotal_minor,
        "discount_minor": sum(each.discount_minor for each in quote.lines),
        "shipping_minor": 0 if quote.shipping is None else quote.shipping.total_minor,
        "shipping_tax_minor": quote.tax_minor - sum(each.tax.tax_minor for each in quote.lines),
        "tax_minor": quote.tax_minor,
        "taxes": [] if taxes is None else _taxes(its),
        "total_minor": quote.total_minor,
        "prices_include_tax": taxes is None or taxes.prices_include_tax,
    }


def _line(
    line: LineInCart, quoted: QuotedLine | None, low_stock_at: int, taxes: Taxes | None
) -> CartLineRead:
    row = line.variant.row
    amounts: dict[str, Any] = {}
    if quoted is not None:
        amounts = {
            "unit_price_minor": quoted.goods.unit_minor,
            "subtotal_minor": quoted.subtotal_minor,
            "discount_minor": quoted.discount_minor,
            "total_minor": quoted.total_minor,
        }
        if taxes is not None:
            amounts |= {"tax_minor": quoted.tax.tax_minor, "tax_rate_ppm": quoted.tax.rate.ppm}
    offer = line.variant.offer
    is_offered = quoted is not None and line.own_minor is None
    if is_offered and offer is not None and offer.compare_at_minor is not None:
        amounts["compare_at_minor"] = net_of(offer.compare_at_minor, row, taxes)
    return CartLineRead(
        product_id=row.product_id,
        variant_id=row.variant_id,
        sku=row.sku,
        name=full_name(row),
        option_values=option_values_of(row, row.option_names),
        image=None if row.image is None else ProductImage.of_stored(row.image),
        quantity=line.quantity,
        availability=availability_of(row, low_stock_at),
        **amounts,
    )


def _discounts(its: QuotedCart) -> list[CartDiscount]:
    amounts: dict[UUID, int] = {}
    for each in its.quote.adjustments:
        amounts[each.promotion_id] = amounts.get(each.promotion_id, 0) + each.amount_minor
    promotions = {each.id: each for each in its.terms.promotions}
    return [
        CartDiscount(label=promotions[each].label, code=promotions[each].code, amount_minor=amount)
        for each, amount in amounts.items()
    ]


def _taxes(its: QuotedCart) -> list[TaxAtRate]:
    includes = its.terms.taxes is not None and its.terms.taxes.prices_include_tax
    return [
        TaxAtRate(
            rate_ppm=each.rate.ppm,
            reason=each.rate.reason,
            net_minor=each.base_minor - (each.tax_minor if includes else 0),
            tax_minor=each.tax_minor,
        )
        for each in its.quote.taxes
    ]


def _notices(its: QuotedCart) -> Iterator[CartNotice]:
    for line in its.lines:
        yield from _of_line(line, its.cart.currency, its.terms.taxes)
    if not its.is_shipped:
        yield CartNotice(
            code="shipping-method-unfit",
            detail="the shipping method is no longer offered for these goods and this address",
        )
    refusal = its.terms.tax_refusal
    if refusal is not None:
        yield CartNotice.model_validate({"code": refusal.code, "detail": refusal.detail})
    if its.cart.vat_number is not None and its.has_taxed_delivery:
        yield CartNotice(
            code="vat-number-without-effect",
            detail="the VAT number changes no tax: this delivery is taxed as any other",
        )
    for code in its.terms.unknown_codes:
        yield CartNotice(
            code="code-unknown", detail=f"no coupon has the code {code}", promotion_code=code
        )
    yield from _of_codes(its)


def _of_line(line: LineInCart, currency: str, taxes: Taxes | None) -> Iterator[CartNotice]:
    variant, row = line.variant, line.variant.row
    name, variant_id = full_name(row), row.variant_id
    if not variant.is_for_sale:
        yield CartNotice(
            code="not-for-sale", detail=f"{name} is not for sale", variant_id=variant_id
        )
    elif line.unit_minor is None:
        yield CartNotice(
            code="not-sold-in-currency",
            detail=f"{name} has no price in {currency}",
            variant_id=variant_id,
        )
    else:
        left = max(0, row.stock_quantity)
        if is_limited(row) and left < line.quantity:
            yield CartNotice(
                code="only-n-left",
                detail=f"{name}: only {left} left" if left else f"{name} is sold out",
                variant_id=variant_id,
                available=left,
            )
        price_minor = line.unit_minor
        if line.seen_minor is not None and line.seen_minor != price_minor:
            before_minor, now_minor = (
                net_of(each, row, taxes) for each in (line.seen_minor, price_minor)
            )
            before, now = (format_minor(each, currency) for each in (before_minor, now_minor))
            yield CartNotice(
                code="price-changed",
                detail=f"{name} costs {now} {currency}, and no longer {before}",
                variant_id=variant_id,
                before_minor=before_minor,
                now_minor=now_minor,
            )


def _of_codes(its: QuotedCart) -> Iterator[CartNotice]:
    """Return why codes do not apply; the customer has not asked for other promotions."""
    applied = {each.promotion_id for each in its.quote.adjustments}
    refused = {each.promotion.id: each for each in its.quote.not_applied}
    named = {code_key(each.code): each.id for each in its.terms.promotions if each.code is not None}
    unknown = {code_key(each) for each in its.terms.unknown_codes}
    for code in its.codes:
        promotion_id = named.get(code_key(code))
        if code_key(code) in unknown or promotion_id in applied:
            continue
        if promotion_id is not None and promotion_id in refused:
            yield _of_code(code, refused[promotion_id])


def _of_code(code: str, refused: NotApplied) -> CartNotice:
    missing = {
        name: value
        for name in ("missing_minor", "missing_quantity")
        if (value := getattr(refused, name))
    }
    return CartNotice(
        code="code-does-not-apply",
        detail=f"{code} does not apply: {refused.refusal}",
        promotion_code=code,
        reason=refused.refusal,
        **missing,
    )

"""The content of an invoice or a credit note, computed from an order."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from app.models import Invoice, InvoiceKind, Order, OrderItem
from app.pricing.invoicing import Group, Part, Pieces, credited, summed

# An invoice goes to an address, not to a phone.
_NO_PART_OF_INVOICE = frozenset({"phone"})
# The digest is computed from these columns.
_COLUMNS = (
    *("series", "number", "kind", "order_id", "order_number", "issued_at", "issued_on"),
    *("supplied_on", "currency", "prices_include_tax", "locale", "seller", "buyer"),
    *("lines", "taxes", "net_minor", "tax_minor", "total_minor"),
)
_COLUMNS_OF_NOTE = ("corrects_id", "corrects_number", "refund_id")


class Contents(Struct, frozen=True):
    """The lines and sums of an invoice or a credit note."""

    lines: list[dict[str, Any]]
    parts: Mapping[Group, Part]

    def as_columns(self) -> dict[str, Any]:
        """Return the columns of the row."""
        whole = summed(self.parts.values())
        taxes = [
            {**group._asdict(), **part._asdict()}
            for group, part in self.parts.items()
            if group.rate_ppm is not None
        ]
        return {
            "lines": self.lines,
            "taxes": taxes,
            "net_minor": whole.net_minor,
            "tax_minor": whole.tax_minor,
            "total_minor": whole.total_minor,
        }


def contents_of(order: Order) -> Contents:
    """Return the amount that is owed for an order, without the cancelled pieces."""
    lines, parts = [], dict[Group, list[Part]]()
    for group in _groups_of(order):
        parts[group] = []
    for item in order.items:
        pieces = _pieces(order, item)
        group = _group_of(item)
        if item.left_quantity:
            lines.append(_line_of(item, pieces, group))
            parts[group].append(pieces.left)
    for group, part in _shipping_by_rate(order).items():
        if part.total_minor:
            lines.append(_line_of_shipping(order, part, group))
            parts[group].append(part)
    sums = {group: summed(its) for group, its in parts.items() if its}
    return Contents(lines, sums or {Group(None, None): Part(0, 0)})


def corrected(amount_minor: int, reason: str, left: Mapping[Group, Part]) -> Contents:
    """Return the correction of an invoice by a refund; `left` is the rest of the invoice."""
    shares = credited(amount_minor, list(left.values()))
    parts = {group: part for group, part in zip(left, shares, strict=True) if part.total_minor}
    lines = [
        {
            "kind": "refund",
            "sku": None,
            "name": reason,
            "quantity": 1,
            "unit_price_minor": part.total_minor,
            "discount_minor": 0,
            **_taxed(part, group),
        }
        for group, part in parts.items()
    ]
    return Contents(lines, parts)


def parts_of(taxes: Sequence[Mapping[str, Any]], net_minor: int) -> dict[Group, Part]:
    """Return the parts of a row by rate; a row without tax has one part."""
    if not taxes:
        return {Group(None, None): Part(net_minor, 0)}
    return {
        Group(each["rate_ppm"], each["reason"]): Part(each["net_minor"], each["tax_minor"])
        for each in taxes
    }


def left_of(
    whole: Mapping[Group, Part], corrections: Iterable[Mapping[Group, Part]]
) -> dict[Group, Part]:
    """Return the rest of an invoice after its credit notes, by rate."""
    left = dict(whole)
    for each in corrections:
        for group, part in each.items():
            left[group] = left[group].less(part)
    return left


def buyer_of(order: Order, user_name: str) -> dict[str, Any]:
    """Return the customer of an order."""
    address = order.billing_address or order.delivery_address
    kept = (
        None
        if address is None
        else {name: each for name, each in address.items() if name not in _NO_PART_OF_INVOICE}
    )
    named = (address or {}).get("recipient") or user_name
    return {"name": named, "address": kept, "vat_number": order.vat_number}


def digest_of(columns: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the columns of a row."""
    content = json.dumps(columns, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def is_intact(row: Invoice) -> bool:
    """Return whether an invoice is unchanged, and its lines and rates add up to its total."""
    names = _COLUMNS if row.kind is InvoiceKind.INVOICE else _COLUMNS + _COLUMNS_OF_NOTE
    lines = sum(each["total_minor"] for each in row.lines)
    rates = sum(each["net_minor"] + each["tax_minor"] for each in row.taxes)
    adds_up = row.total_minor == lines and (not row.taxes or row.total_minor == rates)
    return adds_up and row.digest == digest_of({name: getattr(row, name) for name in names})


def _groups_of(order: Order) -> list[Group]:
    return [Group(each.rate_ppm, each.reason) for each in order.taxes] or [Group(None, None)]


def _group_of(item: OrderItem) -> Group:
    return Group(item.tax_rate_ppm, item.tax_reason)


def _pieces(order: Order, item: OrderItem) -> Pieces:
    return Pieces(
        item.unit_price_minor,
        item.quantity,
        item.cancelled_quantity,
        item.discount_minor,
        item.tax_minor,
        order.prices_include_tax,
    )


def _shipping_by_rate(order: Order) -> dict[Group, Part]:
    """Return the parts of shipping: the sums of the rates without the lines."""
    if not order.taxes:
        return {Group(None, None): Part(order.shipping_minor, 0)}
    goods: dict[Group, list[Part]] = defaultdict(list)
    for item in order.items:
        goods[_group_of(item)].append(_pieces(order, item).whole)
    found = {}
    for each in order.taxes:
        group = Group(each.rate_ppm, each.reason)
        found[group] = Part(each.net_minor, each.tax_minor).less(summed(goods[group]))
    return found


def _line_of(item: OrderItem, pieces: Pieces, group: Group) -> dict[str, Any]:
    return {
        "kind": "goods",
        "sku": item.sku,
        "name": item.name,
        "quantity": item.left_quantity,
        "unit_price_minor": item.unit_price_minor,
        "discount_minor": pieces.left_discount_minor,
        **_taxed(pieces.left, group),
    }


def _line_of_shipping(order: Order, part: Part, group: Group) -> dict[str, Any]:
    method = order.shipping_method or {}
    return {
        "kind": "shipping",
        "sku": None,
        "name": method.get("name", ""),
        "quantity": 1,
        "unit_price_minor": part.total_minor if order.prices_include_tax else part.net_minor,
        "discount_minor": 0,
        **_taxed(part, group),
    }


def _taxed(part: Part, group: Group) -> dict[str, Any]:
    return {
        "rate_ppm": group.rate_ppm,
        "net_minor": part.net_minor,
        "tax_minor": part.tax_minor,
        "total_minor": part.total_minor,
    }

"""The rows of a file by order, and the faults of an order as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.core.calendar import ShopDays
from app.core.ids import derived_id
from app.core.limits import MAX_LINES
from app.core.money import format_minor
from app.models import TRANSITIONS, OrderStatus
from app.schemas.data.import_schema import OrderRow
from app.services.data.import_outcome import Differences, Numbered, Outcome, parse_rows

CHANGEABLE = ("placed_at", "status")
"""The columns of an order that an import can change."""


class OrderRows(Struct, frozen=True):
    """The valid rows of one order, with their numbers."""

    numbers: list[int]
    rows: list[OrderRow]
    id: UUID

    @property
    def first(self) -> OrderRow:
        """The first row, which has everything that the rows share."""
        return self.rows[0]

    @property
    def name(self) -> str:
        """The name of the order in messages."""
        return f"order {self.first.reference}"

    def each(self, text: str) -> list[tuple[int, str]]:
        """Return a text for each row, with the name of the order."""
        return [(number, f"{self.name}: {text}") for number in self.numbers]


def group_by_order(
    rows: Sequence[Numbered], days: ShopDays, outcome: Outcome
) -> dict[str, OrderRows]:
    """Return the orders of some rows by reference; one wrong row refuses all rows of its order."""
    orders: dict[str, OrderRows] = {}
    for reference, group in groupby(rows, key=lambda numbered: numbered[1].get("reference")):
        numbered_rows = list(group)
        wrong = Outcome()
        parsed = parse_rows(OrderRow, numbered_rows, days, wrong)
        if wrong.refused:
            numbers = [number for number, _ in parsed]
            reason = f"order {reference}: row {wrong.refused[0][0]} is refused"
            outcome.refused += sorted(wrong.refused + [(number, reason) for number in numbers])
            continue
        first = parsed[0][1]
        order = OrderRows(
            [number for number, _ in parsed],
            [row for _, row in parsed],
            derived_id(first.placed_at, "order", first.reference),
        )
        if (reason_of_all := _reason_of(order.rows)) is not None:
            outcome.refused += order.each(reason_of_all)
        else:
            orders[first.reference] = order
    return orders


def _reason_of(rows: Sequence[OrderRow]) -> str | None:
    """Return why the rows do not form an order, or None."""
    first = rows[0]
    for name in ("username", "placed_at", "status"):
        for row in rows:
            if getattr(row, name) != getattr(first, name):
                return f"its rows differ in {name}, and may only in sku, quantity and unit_price"
    if len(rows) > MAX_LINES:
        return f"has more than {MAX_LINES} rows"
    seen: set[str] = set()
    for row in rows:
        if row.sku in seen:
            return f"product {row.sku} occurs twice"
        seen.add(row.sku)
    return None


def differences_of(
    order: OrderRows, existing: Any, lines: Mapping[str, Any], user_id: UUID | None, currency: str
) -> Differences:
    """Return the differences from an existing order, in the columns that the rows have."""
    first = order.first
    found: Differences = {}
    if existing.user_id != user_id:
        found["username"] = ("another user", first.username)
    if existing.created_at != first.placed_at:
        found["placed_at"] = (existing.created_at.isoformat(), first.placed_at.isoformat())
    if "status" in first.model_fields_set and existing.status is not first.status:
        found["status"] = (existing.status.value, first.status.value)
    skus = {row.sku for row in order.rows}
    if skus != lines.keys():
        found["sku"] = (", ".join(sorted(lines)), ", ".join(sorted(skus)))
        return found
    for row in order.rows:
        line = lines[row.sku]
        if line.quantity != row.quantity:
            found[f"quantity of {row.sku}"] = (str(line.quantity), str(row.quantity))
        price = row.unit_price_minor
        if price is not None and line.unit_price_minor != price:
            found[f"unit_price of {row.sku}"] = (
                format_minor(line.unit_price_minor, currency),
                format_minor(price, currency),
            )
    return found


def path_between(before: OrderStatus, after: OrderStatus) -> list[OrderStatus] | None:
    """Return the shortest path of transitions to a status, or None if there is none."""
    paths: list[list[OrderStatus]] = [[]]
    for path in paths:
        last = path[-1] if path else before
        if last is after:
            return path
        paths += [[*path, following] for following in sorted(TRANSITIONS[last])]
    return None


def skus_of(orders: Iterable[OrderRows]) -> set[str]:
    """Return the SKUs of orders."""
    return {row.sku for order in orders for row in order.rows}

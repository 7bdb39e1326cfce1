"""Computes the report of a day independently, only from the documents of the orders.

Each figure is one function of `FACTS` over one document.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Document = Mapping[str, Any]
Rate = tuple[str, str]
"""A rate in percent, and its reason."""
_NOTHING = "0.00"


def minor_of(document: Document, name: str) -> int:
    """Return an amount of a document in cents; a missing amount is zero."""
    whole, _, cents = str(document.get(name, _NOTHING)).partition(".")
    sign = -1 if whole.startswith("-") else 1
    return int(whole) * 100 + sign * int(cents)


def units_of(order: Document) -> int:
    """Return the units of all lines."""
    return sum(int(line["quantity"]) for line in order["items"])


def discount_of(order: Document) -> int:
    """Return the discount of promotions on all lines."""
    return sum(minor_of(line, "discount") for line in order["items"])


def shipping_of(order: Document) -> int:
    """Return the price of shipping, with its tax."""
    return minor_of(order, "shipping")


def tax_of(order: Document) -> int:
    """Return the tax of all rates."""
    return sum(minor_of(each, "tax") for each in order.get("taxes", ()))


def amount_of(order: Document) -> int:
    """Return the amount to pay: the lines, the tax that is added to them, and shipping."""
    goods = sum(minor_of(line, "unit_price") * int(line["quantity"]) for line in order["items"])
    is_added = not order.get("prices_include_tax", True)
    added = sum(minor_of(line, "tax") for line in order["items"]) if is_added else 0
    return goods - discount_of(order) + added + shipping_of(order)


FACTS: dict[str, Callable[[Document], int]] = {
    "orders_count": lambda _order: 1,
    "units": units_of,
    "amount": amount_of,
    "discount": discount_of,
    "shipping": shipping_of,
    "tax": tax_of,
}
"""The sums over orders in a report, by their names there."""


def cancelled_at(order: Document) -> str | None:
    """Return the time when an order was cancelled, or None."""
    moments = [each["changed_at"] for each in order["history"] if each["to_status"] == "cancelled"]
    return moments[0] if moments else None


def sums_of(orders: Iterable[Document]) -> dict[str, int]:
    """Return the sum of each fact over some orders."""
    known = list(orders)
    return {name: sum(map(fact, known)) for name, fact in FACTS.items()}


def taxes_of(orders: Iterable[Document]) -> dict[Rate, tuple[int, int]]:
    """Return the net amount and the tax of some orders by rate."""
    sums: dict[Rate, tuple[int, int]] = {}
    for order in orders:
        for each in order.get("taxes", ()):
            rate = (each["rate"], each["reason"])
            net, tax = sums.get(rate, (0, 0))
            sums[rate] = (net + minor_of(each, "net"), tax + minor_of(each, "tax"))
    return sums


@dataclass(frozen=True)
class Returned:
    """The part of an order that was cancelled at a moment."""

    order: Document
    moment: str
    facts: Mapping[str, int]
    rates: Mapping[Rate, tuple[int, int]]


def pieces_of(amount: int, quantity: int, before: int, pieces: int) -> int:
    """Return the share of some units in an amount of a line, after others were cancelled."""
    return amount * (before + pieces) // quantity - amount * before // quantity


def line_returned(order: Document, cancellation: Document, before: int) -> Returned:
    """Return the part that was cancelled with some units of a line, after others."""
    line = order["items"][cancellation["position"] - 1]
    quantity, pieces = int(line["quantity"]), int(cancellation["quantity"])
    shares = {
        name: pieces_of(minor_of(line, name), quantity, before, pieces)
        for name in ("discount", "tax")
    }
    is_added = not order.get("prices_include_tax", True)
    to_pay = minor_of(line, "unit_price") * quantity - minor_of(line, "discount")
    to_pay += minor_of(line, "tax") if is_added else 0
    amount = pieces_of(to_pay, quantity, before, pieces)
    facts = {"orders_count": 0, "units": pieces, "amount": amount, "shipping": 0, **shares}
    rates = {}
    if "tax_rate" in line:
        rates = {(line["tax_rate"], line["tax_reason"]): (amount - shares["tax"], shares["tax"])}
    return Returned(order, cancellation["cancelled_at"], facts, rates)


def returned_by(order: Document) -> list[Returned]:
    """Return the cancelled parts of an order, the oldest first."""
    found: list[Returned] = []
    gone: dict[int, int] = {}
    for each in order.get("cancellations", ()):
        before = gone.get(each["position"], 0)
        gone[each["position"]] = before + int(each["quantity"])
        found.append(line_returned(order, each, before))
    if (moment := cancelled_at(order)) is not None:
        whole = {name: fact(order) for name, fact in FACTS.items()}
        facts = {name: whole[name] - sum(each.facts[name] for each in found) for name in whole}
        rates = dict(taxes_of([order]))
        for part in found:
            for rate, (net, tax) in part.rates.items():
                rates[rate] = (rates[rate][0] - net, rates[rate][1] - tax)
        found.append(Returned(order, moment, facts, rates))
    return found


class Recount:
    """The orders of a shop by the days on which they were placed and cancelled."""

    def __init__(self, orders: Iterable[Document], zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._placed: dict[date, list[Document]] = {}
        self._returned: dict[date, list[Returned]] = {}
        for order in orders:
            self._placed.setdefault(self._day_of(order["created_at"]), []).append(order)
            for each in returned_by(order):
                self._returned.setdefault(self._day_of(each.moment), []).append(each)

    def report_of(self, day: date) -> dict[str, Any]:
        """Return the expected report of a day."""
        placed, cancelled = self._placed.get(day, []), self._returned.get(day, [])
        before = [each for each in cancelled if self._day_of(each.order["created_at"]) < day]
        sums, given_back = sums_of(placed), _sums_of_returned(cancelled)
        rates, returned = taxes_of(placed), _taxes_of_returned(cancelled)
        return {
            "placed": sums,
            "cancelled": given_back,
            "corrections": _sums_of_returned(before),
            "net": sums["amount"] - given_back["amount"],
            "net_units": sums["units"] - given_back["units"],
            "taxes": {
                rate: (*rates.get(rate, (0, 0)), *returned.get(rate, (0, 0)))
                for rate in rates.keys() | returned.keys()
            },
        }

    def _day_of(self, moment: str) -> date:
        return datetime.fromisoformat(moment).astimezone(self._zone).date()


def _sums_of_returned(parts: Iterable[Returned]) -> dict[str, int]:
    known = list(parts)
    return {name: sum(each.facts[name] for each in known) for name in FACTS}


def _taxes_of_returned(parts: Iterable[Returned]) -> dict[Rate, tuple[int, int]]:
    sums: dict[Rate, tuple[int, int]] = {}
    for part in parts:
        for rate, (net, tax) in part.rates.items():
            before = sums.get(rate, (0, 0))
            sums[rate] = (before[0] + net, before[1] + tax)
    return sums


def told_by(report: Document) -> dict[str, Any]:
    """Return the figures of the document of a report, in the form of `Recount.report_of`."""
    counted = ("orders_count", "units")
    taxes = ("net", "tax", "cancelled_net", "cancelled_tax")
    return {
        part: {
            name: report[part][name] if name in counted else minor_of(report[part], name)
            for name in FACTS
        }
        for part in ("placed", "cancelled", "corrections")
    } | {
        "net": minor_of(report, "net"),
        "net_units": report["net_units"],
        "taxes": {
            (each["rate"], each["reason"]): tuple(minor_of(each, name) for name in taxes)
            for each in report.get("taxes", ())
        },
    }


def apart(expected: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    """Return the differences between a report and the expected one."""
    return [
        f"{name}: {told[name]} instead of {expected[name]}"
        for name in expected
        if told[name] != expected[name]
    ]


def contradictions_of(order: Document) -> list[str]:
    """Return the names of amounts in the document of an order that contradict others."""
    parts = {"total": amount_of, "tax": tax_of, "discount": discount_of}
    wrong = [name for name, fact in parts.items() if minor_of(order, name) != fact(order)]
    taxed = sum(minor_of(each, "net") + minor_of(each, "tax") for each in order["taxes"])
    return wrong + (["taxes"] if taxed != minor_of(order, "total") else [])

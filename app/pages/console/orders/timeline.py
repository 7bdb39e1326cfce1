"""The history of an order, in the order of time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from app.pages.formats import money as shown_money
from app.pages.formats import words
from app.pages.rendering import document_of
from app.schemas.base import Schema


class Moment(Struct, frozen=True):
    """One event in the history of an order."""

    at: str
    what: str
    detail: str = ""


def timeline_of(
    order: dict[str, Any],
    money: dict[str, Any],
    shipments: Sequence[Schema],
    returns: Sequence[Schema],
) -> list[Moment]:
    """Return the history of an order, the first event first."""
    moments = [
        *_statuses(order["history"]),
        *_payments(money["payments"]),
        *_refunds(money["refunds"]),
        *_shipments(document_of(shipments)),
        *_returns(document_of(returns)),
    ]
    return sorted(moments, key=lambda each: each.at)


def _statuses(history: Iterable[dict[str, Any]]) -> Iterator[Moment]:
    for each in history:
        what = "Placed" if each["from_status"] is None else words(each["to_status"])
        yield Moment(each["changed_at"], what, f"by {each['actor']}")


def _payments(payments: Iterable[dict[str, Any]]) -> Iterator[Moment]:
    for each in payments:
        amount = shown_money(each["amount"], each["currency"])
        yield Moment(each["created_at"], f"Payment of {amount} begun", each["provider"])
        if each["updated_at"] != each["created_at"]:
            what = f"Payment of {amount} {each['status'].replace('_', ' ')}"
            yield Moment(each["updated_at"], what, each.get("failure") or "")


def _refunds(refunds: Iterable[dict[str, Any]]) -> Iterator[Moment]:
    for each in refunds:
        amount = shown_money(each["amount"], each["currency"])
        detail = f"{each['reason']} By {each['actor']}"
        yield Moment(each["created_at"], f"Refund of {amount} asked for", detail)
        if each["status"] in ("succeeded", "failed"):
            what = f"Refund of {amount} {each['status']}"
            yield Moment(each["updated_at"], what, each.get("failure") or "")


def _shipments(shipments: Iterable[dict[str, Any]]) -> Iterator[Moment]:
    for each in shipments:
        for name, verb in (
            ("created_at", "packed"),
            ("shipped_at", "shipped"),
            ("delivered_at", "delivered"),
        ):
            if each.get(name):
                yield Moment(each[name], f"Shipment {each['number']} {verb}")


def _returns(returns: Iterable[dict[str, Any]]) -> Iterator[Moment]:
    for each in returns:
        decided = "rejected" if each["status"] == "rejected" else "approved"
        ended = "cancelled" if each["status"] == "cancelled" else "closed"
        for name, verb in (
            ("created_at", "requested"),
            ("decided_at", decided),
            ("received_at", "received"),
            ("closed_at", ended),
        ):
            if each.get(name):
                yield Moment(each[name], f"Return {each['number']} {verb}")

"""The checks after a kill test."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from benchmarks.chaos.books import Books, Sent
from benchmarks.chaos.plan import Plan

Checks = dict[str, str | None]
"""Each check with its first failure, if there is one."""


def check_books(plan: Plan, books: Books, supplied: Mapping[UUID, int]) -> Checks:
    """Check the database."""
    return {
        "every valid order exists once": _against_orders(plan, books),
        "every invalid message is parked once, with its reason": _against_parked(plan, books),
        "stock + ordered = supplied, for every product": _against_stock(books, supplied),
        "every line has moved stock once": _against_movements(plan, books),
        "the outbox is empty": f"{books.waiting} messages are left" if books.waiting else None,
    }


def check_sent(plan: Plan, books: Books, sent: Sent) -> Checks:
    """Check the messages that the shop has sent to the broker."""
    full = {queue: count for queue, count in sent.left.items() if count}
    return {
        "order.dlq has a copy of all that is parked": _against_copies(plan, sent),
        "every order was announced": _against_events(books, sent),
        "the queues are empty": f"messages are left: {full}" if full else None,
    }


def check_operations(plan: Plan, operations: Mapping[str, str], asked: Mapping[str, str]) -> Checks:
    """Check the operations of callers who requested the messages asynchronously."""
    against = None
    for message_id, operation_id in asked.items():
        expected = "failed" if message_id in plan.hopeless else "succeeded"
        if operations.get(operation_id) != expected:
            against = f"{message_id} is {operations.get(operation_id)}, not {expected}"
    return {"every operation has its result": against}


def doubled_count(books: Books) -> int:
    """Return the number of duplicate orders."""
    return sum(len(orders) - 1 for orders in books.orders.values())


def lost_count(plan: Plan, books: Books) -> int:
    """Return the number of messages without a result."""
    return sum(each.id not in books.orders.keys() | books.parked.keys() for each in plan.messages)


def _against_orders(plan: Plan, books: Books) -> str | None:
    faults = []
    if missing := plan.placed.keys() - books.orders.keys():
        faults.append(f"{len(missing)} are missing, {min(missing)} for one")
    if doubled := sorted(each for each, orders in books.orders.items() if len(orders) > 1):
        faults.append(f"{doubled_count(books)} too many, {doubled[0]} for one")
    if strange := books.orders.keys() - plan.placed.keys():
        faults.append(f"{len(strange)} that nobody may have, {min(strange)} for one")
    for message_id, message in plan.placed.items():
        chosen = message.body.get("id")
        if chosen and books.orders.get(message_id, [UUID(chosen)])[0] != UUID(chosen):
            faults.append(f"{message_id} has another id than was chosen")
            break
    return "; ".join(faults) or None


def _against_parked(plan: Plan, books: Books) -> str | None:
    found = {message_id: sorted(codes) for message_id, codes in books.parked.items()}
    expected = {message_id: [code] for message_id, code in plan.hopeless.items()}
    wrong = {
        each: found.get(each)
        for each in found.keys() | expected.keys()
        if found.get(each) != expected.get(each)
    }
    if not wrong:
        return None
    kinds = Counter(", ".join(codes or ["not at all"]) for codes in wrong.values())
    return f"{len(wrong)} are parked wrongly ({dict(kinds)}), {min(wrong)} for one"


def _against_stock(books: Books, supplied: Mapping[UUID, int]) -> str | None:
    wrong = [
        f"{product_id}: {pieces} supplied, {books.ordered.get(product_id, 0)} ordered, "
        f"{books.stock[product_id]} in stock"
        for product_id, pieces in supplied.items()
        if books.stock[product_id] + books.ordered.get(product_id, 0) != pieces
    ]
    return f"{len(wrong)} products, for one {wrong[0]}" if wrong else None


def _against_movements(plan: Plan, books: Books) -> str | None:
    expected = {
        (f"order {order_id}", product_id): [-pieces]
        for message_id, message in plan.placed.items()
        for order_id in books.orders.get(message_id, [])[:1]
        for product_id, pieces in message.quantities.items()
    }
    wrong = {
        each
        for each in expected.keys() | books.movements.keys()
        if expected.get(each) != books.movements.get(each)
    }
    if not wrong:
        return None
    return f"{len(wrong)} movements are missing, wrong or too many, of {min(wrong)[0]} for one"


def _against_copies(plan: Plan, sent: Sent) -> str | None:
    if sent.bare_copies:
        return f"the broker has put {sent.bare_copies.total()} messages there by itself"
    if missing := plan.hopeless.keys() - sent.copies.keys():
        return f"{len(missing)} are not there, {min(missing)} for one"
    if strange := sent.copies.keys() - plan.hopeless.keys():
        return f"{len(strange)} do not belong there, {min(strange)} for one"
    return None


def _against_events(books: Books, sent: Sent) -> str | None:
    orders = {str(order_id) for ids in books.orders.values() for order_id in ids}
    if missing := orders - sent.events.keys():
        return f"{len(missing)} were not, {min(missing)} for one"
    if strange := sent.events.keys() - orders:
        return f"{len(strange)} that are not there were announced, {min(strange)} for one"
    return None

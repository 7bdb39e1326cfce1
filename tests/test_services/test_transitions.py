"""The transition table of orders, pair by pair."""

from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest

from app.errors import IllegalTransition
from app.models import TRANSITIONS, Order, OrderStatus

ORDER_ID = UUID("0199a1b2-7c00-7d00-8e00-0123456789ab")
PLACED_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
MOVED_AT = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
MOVES = {
    (OrderStatus.PENDING, OrderStatus.PAID),
    (OrderStatus.PENDING, OrderStatus.CANCELLED),
    (OrderStatus.PAID, OrderStatus.SHIPPED),
    (OrderStatus.PAID, OrderStatus.CANCELLED),
    (OrderStatus.SHIPPED, OrderStatus.DELIVERED),
}
OTHERS = [pair for pair in product(OrderStatus, repeat=2) if pair not in MOVES]


def order_in(status: OrderStatus) -> Order:
    """Return an order with a status."""
    return Order(id=ORDER_ID, status=status, updated_at=PLACED_AT, version=1)


@pytest.mark.parametrize(("before", "after"), sorted(MOVES))
def test_a_transition_of_the_table_is_made(before: OrderStatus, after: OrderStatus) -> None:
    order = order_in(before)
    order.move_to(after, "system", MOVED_AT)
    assert (order.status, order.updated_at, order.version) == (after, MOVED_AT, 2)


@pytest.mark.parametrize(("before", "after"), OTHERS)
def test_every_other_transition_is_refused_by_name(before: OrderStatus, after: OrderStatus) -> None:
    order = order_in(before)
    with pytest.raises(IllegalTransition) as refusal:
        order.move_to(after, "system", MOVED_AT)
    assert refusal.value.detail == f"an order that is {before} cannot become {after}"
    assert refusal.value.context == {
        "order_id": str(ORDER_ID),
        "from_status": before,
        "to_status": after,
        "allowed": sorted(to for start, to in MOVES if start == before),
    }
    assert (order.status, order.updated_at, order.version) == (before, PLACED_AT, 1)
    assert not order.history


def test_every_transition_is_recorded_in_the_history() -> None:
    order = order_in(OrderStatus.PENDING)
    order.move_to(OrderStatus.PAID, "user 1", MOVED_AT)
    order.move_to(OrderStatus.SHIPPED, "user 2", MOVED_AT)
    steps = [
        (each.position, each.from_status, each.to_status, each.actor, each.changed_at)
        for each in order.history
    ]
    assert steps == [
        (1, OrderStatus.PENDING, OrderStatus.PAID, "user 1", MOVED_AT),
        (2, OrderStatus.PAID, OrderStatus.SHIPPED, "user 2", MOVED_AT),
    ]


def test_every_pair_of_statuses_is_tested() -> None:
    assert len(MOVES) + len(OTHERS) == len(OrderStatus) ** 2 == 25
    assert set(TRANSITIONS) == set(OrderStatus)


def test_every_status_is_reached_from_pending() -> None:
    reached, frontier = {OrderStatus.PENDING}, [OrderStatus.PENDING]
    while frontier:
        following = TRANSITIONS[frontier.pop()] - reached
        reached |= following
        frontier += following
    assert reached == set(OrderStatus)


def test_only_delivered_and_cancelled_are_final() -> None:
    final = {status for status, following in TRANSITIONS.items() if not following}
    assert final == {OrderStatus.DELIVERED, OrderStatus.CANCELLED}

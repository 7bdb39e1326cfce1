"""The fulfilment of an order is derived from its lines and shipments."""

import pytest

from app.core.order_statuses import FulfilmentStatus, OrderStatus, ShipmentStatus, fulfilment_of

PACKED, SHIPPED = ShipmentStatus.PACKED, ShipmentStatus.SHIPPED
DELIVERED, CANCELLED = ShipmentStatus.DELIVERED, ShipmentStatus.CANCELLED


@pytest.mark.parametrize(
    ("shipments", "fulfilment"),
    [
        ([], "unfulfilled"),
        ([(PACKED, 5)], "unfulfilled"),
        ([(CANCELLED, 5)], "unfulfilled"),
        ([(PACKED, 4), (SHIPPED, 1)], "partly_shipped"),
        ([(DELIVERED, 4)], "partly_shipped"),
        ([(DELIVERED, 4), (PACKED, 1)], "partly_shipped"),
        ([(SHIPPED, 5)], "shipped"),
        ([(DELIVERED, 4), (SHIPPED, 1), (CANCELLED, 3)], "shipped"),
        ([(DELIVERED, 4), (DELIVERED, 1), (CANCELLED, 3)], "delivered"),
    ],
)
def test_shipments_show_the_units_that_have_left(
    shipments: list[tuple[ShipmentStatus, int]], fulfilment: str
) -> None:
    for order in (shipments, shipments[::-1]):
        assert fulfilment_of(OrderStatus.PAID, 5, order) == fulfilment


@pytest.mark.parametrize("status", OrderStatus)
def test_without_shipments_the_fulfilment_follows_from_the_status(status: OrderStatus) -> None:
    expected = {"shipped": FulfilmentStatus.SHIPPED, "delivered": FulfilmentStatus.DELIVERED}
    found = fulfilment_of(status, 5, [(CANCELLED, 5)])
    assert found == expected.get(status, FulfilmentStatus.UNFULFILLED)

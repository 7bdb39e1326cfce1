"""Tables of the shipments of orders."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.order_statuses import SHIPMENT_TRANSITIONS, ShipmentStatus
from app.errors import IllegalTransition
from app.tables.base import Base

__all__ = ["SHIPMENT_TRANSITIONS", "Shipment", "ShipmentLine", "ShipmentStatus"]


WITHOUT_CUSTOMER = {"tracking_number": None, "tracking_url": None, "note": ""}
"""The columns of a shipment that could identify a customer, cleared."""


class Shipment(Base):
    """Units of an order that leave the shop together."""

    __tablename__ = "shipments"
    __table_args__ = (UniqueConstraint("order_id", "seq"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    # The numbers count from 1 in each order; they include cancelled shipments.
    seq: Mapped[int] = mapped_column()
    number: Mapped[str] = mapped_column(String(40))
    status: Mapped[ShipmentStatus] = mapped_column()
    carrier: Mapped[str] = mapped_column(String(100))
    tracking_number: Mapped[str | None] = mapped_column(String(100))
    tracking_url: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column()
    shipped_at: Mapped[datetime | None] = mapped_column()
    delivered_at: Mapped[datetime | None] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    lines: Mapped[list["ShipmentLine"]] = relationship(
        lazy="selectin", order_by="ShipmentLine.position"
    )

    @property
    def units(self) -> int:
        """The number of units in all lines."""
        return sum(line.quantity for line in self.lines)

    def move_to(self, status: ShipmentStatus, at: datetime) -> None:
        """Change the status along the transition table.

        Raises:
            IllegalTransition: the table does not contain the transition.
        """
        if status not in SHIPMENT_TRANSITIONS[self.status]:
            raise IllegalTransition(
                f"a shipment that is {self.status} cannot become {status}",
                shipment_id=str(self.id),
                from_status=self.status,
                to_status=status,
                allowed=sorted(SHIPMENT_TRANSITIONS[self.status]),
            )
        self.status = status
        if status is ShipmentStatus.SHIPPED:
            self.shipped_at = at
        if status is ShipmentStatus.DELIVERED:
            self.delivered_at = at
        self.touch(at)

    def touch(self, at: datetime) -> None:
        """Count a change."""
        self.updated_at = at
        self.version += 1

    def clear_customer(self) -> None:
        """Clear the personal data of the customer."""
        for name, value in WITHOUT_CUSTOMER.items():
            setattr(self, name, value)


class ShipmentLine(Base):
    """Units of a line of an order in a shipment."""

    __tablename__ = "shipment_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)

    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipments.id"), primary_key=True)
    # The position of the line of the order.
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quantity: Mapped[int] = mapped_column()

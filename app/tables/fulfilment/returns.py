"""Tables of the returns of orders."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.order_statuses import RETURN_TRANSITIONS, Condition, ReturnReason, ReturnStatus
from app.errors import IllegalTransition
from app.tables.base import Base

__all__ = ["RETURN_TRANSITIONS", "Return", "ReturnLine", "ReturnStatus"]

WITHOUT_NOTES = {"customer_note": "", "answer": ""}
"""The columns of a return that could identify a customer, cleared."""


class Return(Base):
    """Units of an order that the customer sends back."""

    __tablename__ = "returns"
    __table_args__ = (UniqueConstraint("order_id", "seq"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    reason: Mapped[ReturnReason] = mapped_column()
    # The numbers count from 1 in each order; they include returns that were rejected or cancelled.
    seq: Mapped[int] = mapped_column()
    number: Mapped[str] = mapped_column(String(40))
    status: Mapped[ReturnStatus] = mapped_column()
    customer_note: Mapped[str] = mapped_column(Text)
    # The note of the shop about its decision.
    answer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
    received_at: Mapped[datetime | None] = mapped_column()
    closed_at: Mapped[datetime | None] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    lines: Mapped[list["ReturnLine"]] = relationship(
        lazy="selectin", order_by="ReturnLine.position"
    )

    def move_to(self, status: ReturnStatus, at: datetime) -> None:
        """Change the status along the transition table.

        Raises:
            IllegalTransition: the table does not contain the transition.
        """
        if status not in RETURN_TRANSITIONS[self.status]:
            raise IllegalTransition(
                f"a return that is {self.status} cannot become {status}",
                return_id=str(self.id),
                from_status=self.status,
                to_status=status,
                allowed=sorted(RETURN_TRANSITIONS[self.status]),
            )
        self.status = status
        if status in (ReturnStatus.APPROVED, ReturnStatus.REJECTED):
            self.decided_at = at
        elif status is ReturnStatus.RECEIVED:
            self.received_at = at
        else:
            self.closed_at = at
        self.updated_at = at
        self.version += 1


class ReturnLine(Base):
    """Units of a line of an order in a return."""

    __tablename__ = "return_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("received_quantity BETWEEN 0 AND quantity", name="received_quantity"),
        CheckConstraint(
            "restocked_quantity BETWEEN 0 AND received_quantity", name="restocked_quantity"
        ),
    )

    return_id: Mapped[UUID] = mapped_column(ForeignKey("returns.id"), primary_key=True)
    # The position of the line of the order.
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quantity: Mapped[int] = mapped_column()
    received_quantity: Mapped[int] = mapped_column(default=0)
    restocked_quantity: Mapped[int] = mapped_column(default=0)
    condition: Mapped[Condition | None] = mapped_column()
    # How many units of the line had come back before these.
    returned_before: Mapped[int | None] = mapped_column()

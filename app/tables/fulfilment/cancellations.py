"""The table of cancelled pieces of lines."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

__all__ = ["OrderCancellation"]


class OrderCancellation(Base):
    """Pieces of a line that were cancelled without the rest of the order; rows are only added."""

    __tablename__ = "order_cancellations"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index(None, "cancelled_at"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column()
    quantity: Mapped[int] = mapped_column()
    # The amount to be paid for the pieces, with its tax.
    amount_minor: Mapped[int] = mapped_column()
    discount_minor: Mapped[int] = mapped_column()
    tax_minor: Mapped[int] = mapped_column()
    actor: Mapped[str] = mapped_column(String(100))
    cancelled_at: Mapped[datetime] = mapped_column()

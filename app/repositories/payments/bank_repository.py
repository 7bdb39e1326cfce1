"""The records of the bank for tests."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import BankPayment, BankRefund
from app.repositories.bulk import insertion_into, table_of

_payments = table_of(BankPayment)


class BankRepository:
    """The payments and refunds of the bank for tests."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def of_key(self, request_key: str) -> BankPayment | None:
        """Return the payment that a request with this key has begun."""
        found: BankPayment | None = await self.session.scalar(
            select(BankPayment).where(BankPayment.request_key == request_key).with_for_update()
        )
        return found

    async def of_reference(self, reference: str) -> BankPayment | None:
        """Return a payment, locked."""
        found: BankPayment | None = await self.session.scalar(
            select(BankPayment).where(BankPayment.reference == reference).with_for_update()
        )
        return found

    async def put(self, payment: BankPayment) -> BankPayment:
        """Store a new payment, and return it, or the one that another request has begun."""
        row = {column.name: getattr(payment, column.name) for column in _payments.columns}
        await self.session.execute(
            insertion_into(self.session, _payments).values(row).on_conflict_do_nothing()
        )
        query = select(BankPayment).where(BankPayment.request_key == payment.request_key)
        return (await self.session.scalars(query)).one()

    async def refund_once(self, reference: str, amount_minor: int, request_key: str) -> bool:
        """Store a refund; return False if one with this key is stored."""
        if await self.session.get(BankRefund, request_key) is not None:
            return False
        self.session.add(
            BankRefund(request_key=request_key, reference=reference, amount_minor=amount_minor)
        )
        await self.session.flush()
        return True

    async def since(self, moment: datetime) -> Sequence[BankPayment]:
        """Return the payments that were begun at a moment or later."""
        query = select(BankPayment).where(BankPayment.created_at >= moment)
        return (await self.session.scalars(query.order_by(BankPayment.created_at))).all()

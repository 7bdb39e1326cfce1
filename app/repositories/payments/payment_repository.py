"""Queries over payments, their steps and refunds."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select, update

from app.errors import PaymentNotFound, RefundNotFound
from app.models import Order, Payment, PaymentStep, Refund, RefundStatus
from app.repositories.base import Repository
from app.repositories.bulk import among, insert_rows, table_of
from app.schemas.payments.payment_schema import PaymentQuery

_steps = table_of(PaymentStep)


class PaymentRepository(Repository[Payment]):
    """Payments of orders."""

    model = Payment
    not_found = PaymentNotFound

    async def of_order(self, order_id: UUID) -> Sequence[Payment]:
        """Return the payments of an order, the oldest first, locked."""
        query = (
            select(Payment)
            .where(Payment.order_id == order_id)
            .order_by(Payment.created_at, Payment.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self.session.scalars(query)).all()

    async def shown_of_order(self, order_id: UUID) -> Sequence[Payment]:
        """Return the payments of an order, the oldest first, without locking them."""
        query = select(Payment).where(Payment.order_id == order_id)
        rows = await self.session.scalars(query.order_by(Payment.created_at, Payment.id))
        return rows.all()

    async def of_reference(self, provider: str, reference: str) -> UUID | None:
        """Return the payment with an id at a provider, if there is one."""
        found: UUID | None = await self.session.scalar(
            select(Payment.id).where(Payment.provider == provider, Payment.reference == reference)
        )
        return found

    async def find_one(self, payment_id: UUID) -> Payment | None:
        """Return a payment, if there is one."""
        found: Payment | None = await self.session.scalar(
            select(Payment).where(Payment.id == payment_id)
        )
        return found

    async def find(self, query: PaymentQuery) -> tuple[Sequence[Payment], str | None]:
        """Return a page of payments, and the next cursor."""
        rows = self.query()
        if query.needs_attention is not None:
            needs_it = Payment.attention.is_not(None)
            rows = rows.where(needs_it if query.needs_attention == "true" else ~needs_it)
        if query.order_id is not None:
            rows = rows.where(Payment.order_id == query.order_id)
        return await self.page(
            rows, Payment.created_at, order=query.order, limit=query.limit, cursor=query.cursor
        )

    async def of_orders(self, order_ids: Collection[UUID]) -> Sequence[Payment]:
        """Return the payments of orders, the oldest first."""
        query = select(Payment).where(among(self.session, Payment.order_id, order_ids))
        return (await self.session.scalars(query.order_by(Payment.created_at, Payment.id))).all()

    async def clear_notes(self, order_ids: Collection[UUID]) -> None:
        """Clear the notes of staff on the payments of orders."""
        noted = update(Payment).where(
            among(self.session, Payment.order_id, order_ids), Payment.note.is_not(None)
        )
        await self.session.execute(noted.values(note=None))

    async def clear_notes_of_user(self, user_id: UUID) -> None:
        """Clear the notes of staff on the payments of a user."""
        own = select(Order.id).where(Order.user_id == user_id)
        noted = update(Payment).where(Payment.order_id.in_(own), Payment.note.is_not(None))
        await self.session.execute(noted.values(note=None))

    async def add_step(self, payment: Payment, actor: str) -> None:
        """Record the state of a payment after a change."""
        seq = await self.session.scalar(
            select(func.coalesce(func.max(PaymentStep.seq), 0)).where(
                PaymentStep.payment_id == payment.id
            )
        )
        row = {
            "payment_id": payment.id,
            "seq": (seq or 0) + 1,
            "status": payment.status,
            "captured_minor": payment.captured_minor,
            "refunded_minor": payment.refunded_minor,
            "actor": actor,
            "happened_at": payment.updated_at,
        }
        await insert_rows(self.session, (_steps, [row]))


class RefundRepository(Repository[Refund]):
    """Refunds of payments."""

    model = Refund
    not_found = RefundNotFound

    async def of_order(self, order_id: UUID) -> Sequence[Refund]:
        """Return the refunds of an order, the oldest first."""
        query = select(Refund).where(Refund.order_id == order_id)
        return (await self.session.scalars(query.order_by(Refund.created_at, Refund.id))).all()

    async def of_orders(self, order_ids: Collection[UUID]) -> Sequence[Refund]:
        """Return the refunds of orders, the oldest first."""
        query = select(Refund).where(among(self.session, Refund.order_id, order_ids))
        return (await self.session.scalars(query.order_by(Refund.created_at, Refund.id))).all()

    async def of_key(self, payment_id: UUID, request_key: str) -> Refund | None:
        """Return the refund that a request with this idempotency key has asked for."""
        query = select(Refund).where(
            Refund.payment_id == payment_id, Refund.request_key == request_key
        )
        found: Refund | None = await self.session.scalar(query)
        return found

    async def promised_of(self, payment_id: UUID) -> int:
        """Return the amount of a payment that was refunded or is requested to be."""
        query = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.payment_id == payment_id, Refund.status != RefundStatus.FAILED
        )
        return int(await self.session.scalar(query) or 0)

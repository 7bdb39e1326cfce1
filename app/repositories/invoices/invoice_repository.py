"""Queries over invoices and the counters of their numbers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from app.errors import InvoiceNotFound
from app.models import Invoice, InvoiceKind, InvoiceSeries, Order
from app.repositories.base import Repository
from app.repositories.bulk import among, insertion_into, table_of
from app.schemas.invoices.invoice_schema import InvoiceQuery

_series = table_of(InvoiceSeries)

Window = tuple[datetime | None, datetime | None]
"""The first moment of a period, and the first one after it."""


class InvoiceRepository(Repository[Invoice]):
    """Invoices and credit notes."""

    model = Invoice
    not_found = InvoiceNotFound

    async def lock_series(self, series: str) -> InvoiceSeries:
        """Return the counter of a series, locked until the transaction ends."""
        await self.session.execute(
            insertion_into(self.session, _series)
            .values(series=series, next_number=1)
            .on_conflict_do_nothing()
        )
        query = select(InvoiceSeries).where(InvoiceSeries.series == series).with_for_update()
        rows = await self.session.scalars(query.execution_options(populate_existing=True))
        return rows.one()

    async def of_refund(self, refund_id: UUID) -> Invoice | None:
        """Return the credit note of a refund, if there is one."""
        found: Invoice | None = await self.session.scalar(
            select(Invoice).where(Invoice.refund_id == refund_id)
        )
        return found

    async def invoice_of(self, order_id: UUID, *, lock: bool = False) -> Invoice | None:
        """Return the invoice of an order, if there is one."""
        query = select(Invoice).where(
            Invoice.order_id == order_id, Invoice.kind == InvoiceKind.INVOICE
        )
        if lock:
            query = query.with_for_update()
        found: Invoice | None = await self.session.scalar(query)
        return found

    async def corrections_of(self, invoice_id: UUID) -> Sequence[Invoice]:
        """Return the credit notes of an invoice."""
        return (
            await self.session.scalars(select(Invoice).where(Invoice.corrects_id == invoice_id))
        ).all()

    async def of_orders(self, order_ids: Collection[UUID]) -> Sequence[Invoice]:
        """Return the invoices and credit notes of orders, the oldest first."""
        query = select(Invoice).where(among(self.session, Invoice.order_id, order_ids))
        return (await self.session.scalars(query.order_by(Invoice.issued_at, Invoice.id))).all()

    async def of_user(self, user_id: UUID) -> Sequence[Invoice]:
        """Return the invoices and credit notes of the orders of a user, the oldest first."""
        query = self.query().join(Order, Order.id == Invoice.order_id)
        query = query.where(Order.user_id == user_id)
        return (await self.session.scalars(query.order_by(Invoice.issued_at, Invoice.id))).all()

    async def owned(self, owner: UUID | None, invoice_id: UUID) -> Invoice:
        """Return an invoice of an order of `owner`, or of any user if it is None.

        Raises:
            InvoiceNotFound: the invoice does not exist, or the caller may not see it.
        """
        query = self.query().where(Invoice.id == invoice_id)
        if owner is not None:
            query = query.join(Order, Order.id == Invoice.order_id).where(Order.user_id == owner)
        return await self._one(query, invoice_id)

    async def find(
        self, query: InvoiceQuery, window: Window
    ) -> tuple[Sequence[Invoice], str | None]:
        """Return a page of the invoices of a period, the oldest first, and the next cursor."""
        return await self.page(
            _within(self.query(), window),
            Invoice.issued_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def after(self, window: Window, last: Invoice | None, limit: int) -> Sequence[Invoice]:
        """Return the invoices of a period that follow one, the oldest first."""
        query = _within(self.query(), window)
        if last is not None:
            query = query.where(
                tuple_(Invoice.issued_at, Invoice.id) > tuple_(last.issued_at, last.id)
            )
        rows = await self.session.scalars(
            query.order_by(Invoice.issued_at, Invoice.id).limit(limit)
        )
        return rows.all()


def _within(query: Select[Invoice], window: Window) -> Select[Invoice]:
    first, end = window
    if first is not None:
        query = query.where(Invoice.issued_at >= first)
    return query if end is None else query.where(Invoice.issued_at < end)

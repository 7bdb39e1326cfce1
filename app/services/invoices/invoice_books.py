"""Reads invoices."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.calendar import ShopDays
from app.models import Invoice, User
from app.repositories.invoices.invoice_repository import InvoiceRepository
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.data.export_schema import INVOICES_KEPT
from app.schemas.invoices.invoice_schema import InvoiceList, InvoicePage, InvoiceQuery, InvoiceRead
from app.security.principal import Caller
from app.services.personal_data import PersonalData

_DAY = timedelta(days=1)


class InvoiceBooks:
    """Reads invoices and credit notes."""

    def __init__(
        self, invoices: InvoiceRepository, orders: OrderRepository, days: ShopDays
    ) -> None:
        self._invoices = invoices
        self._orders = orders
        self._days = days

    async def of_order(self, owner: UUID | None, order_id: UUID) -> InvoiceList:
        """Return the invoice of an order and its credit notes.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """
        order = await self._orders.owned(owner, order_id)
        return await self.of_seen(order.id)

    async def of_seen(self, order_id: UUID) -> InvoiceList:
        """Return the invoices of an order that the caller has seen."""
        return InvoiceList(items=shown(await self._invoices.of_orders([order_id])))

    async def show(self, owner: UUID | None, invoice_id: UUID) -> InvoiceRead:
        """Return an invoice.

        Raises:
            InvoiceNotFound: the invoice does not exist, or the caller may not see it.
        """
        return InvoiceRead.model_validate(await self._invoices.owned(owner, invoice_id))

    async def find(self, query: InvoiceQuery) -> InvoicePage:
        """Return a page of the invoices of a period, the oldest first."""
        rows, following = await self._invoices.find(query, self._window(query))
        return InvoicePage(items=shown(rows), next=following)

    async def after(
        self, query: InvoiceQuery, last: Invoice | None, limit: int
    ) -> Sequence[Invoice]:
        """Return the invoices of a period that follow one, the oldest first."""
        return await self._invoices.after(self._window(query), last, limit)

    def _window(self, query: InvoiceQuery) -> tuple[datetime | None, datetime | None]:
        first, last = query.from_day, query.to_day
        return (
            None if first is None else self._days.start_of(first),
            None if last is None else self._days.start_of(last + _DAY),
        )


class InvoicesPrivacy(PersonalData):
    """Exports the invoices of a person, which the law requires to be kept unchanged."""

    def __init__(self, invoices: InvoiceRepository) -> None:
        self._invoices = invoices

    async def export(self, caller: Caller, user: User) -> Mapping[str, Any]:
        """Return the invoices of all orders of the user, and why an erasure keeps them."""
        invoices = shown(await self._invoices.of_user(user.id))
        return {"invoices": invoices, "kept": [INVOICES_KEPT] if invoices else []}

    async def keeps(self, user: User) -> bool:
        """Return False: the area of the orders already keeps the user."""
        return False

    async def erase(self, user: User) -> None:
        """Leave the invoices unchanged."""

    async def of_orders(self, order_ids: Sequence[UUID]) -> list[InvoiceRead]:
        """Return the invoices of orders."""
        return shown(await self._invoices.of_orders(order_ids))


def shown(rows: Sequence[Invoice]) -> list[InvoiceRead]:
    """Return the representations of invoices."""
    return [InvoiceRead.model_validate(each) for each in rows]

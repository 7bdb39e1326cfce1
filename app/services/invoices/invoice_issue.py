"""Issues invoices and credit notes, each in a transaction that does nothing else."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import NothingToInvoice
from app.mails.order_mail import MailInvoice, MailOccasion, OrderMailKind
from app.models import (
    Invoice,
    InvoiceKind,
    InvoiceSeries,
    Order,
    OrderStatus,
    Refund,
    RefundStatus,
)
from app.repositories.identity.user_repository import UserRepository
from app.repositories.invoices.invoice_repository import InvoiceRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.payments.payment_repository import RefundRepository
from app.schemas.invoices.invoice_events import CreditNoteIssuedEvent, InvoiceIssuedEvent
from app.schemas.invoices.invoice_schema import InvoiceFacts
from app.services.invoices.invoice_contents import (
    Contents,
    buyer_of,
    contents_of,
    corrected,
    digest_of,
    left_of,
    parts_of,
)
from app.services.messaging.outbox_service import OutboxService
from app.services.orders.order_mails import mail_about_money
from app.services.system.mail_service import MailService

_NEWS = {
    InvoiceKind.INVOICE: (InvoiceIssuedEvent, OrderMailKind.INVOICE),
    InvoiceKind.CREDIT_NOTE: (CreditNoteIssuedEvent, OrderMailKind.CREDIT_NOTE),
}


class InvoiceTerms(Struct, frozen=True):
    """The seller, and the series of invoices and of credit notes."""

    seller: dict[str, Any]
    series: dict[InvoiceKind, str]


class InvoiceIssue:
    """Writes rows of invoices with the next numbers of their series."""

    def __init__(
        self,
        invoices: InvoiceRepository,
        orders: OrderRepository,
        refunds: RefundRepository,
        users: UserRepository,
        outbox: OutboxService,
        mails: MailService,
        clock: Clock,
        days: ShopDays,
        terms: InvoiceTerms,
    ) -> None:
        self._invoices = invoices
        self._orders = orders
        self._refunds = refunds
        self._users = users
        self._outbox = outbox
        self._mails = mails
        self._clock = clock
        self._days = days
        self._terms = terms

    async def invoice(self, order_id: UUID) -> tuple[Invoice, bool]:
        """Return the invoice of an order, and whether it was issued now.

        Raises:
            OrderNotFound: the order does not exist.
            NothingToInvoice: the order is cancelled.
        """
        order = await self._orders.get_whole(None, order_id)
        if (found := await self._invoices.invoice_of(order_id)) is not None:
            return found, False
        if order.status is OrderStatus.CANCELLED:
            raise NothingToInvoice("the order is cancelled", order_id=str(order_id))
        buyer = buyer_of(order, await self._name_of(order))
        counter, now = await self._locked(InvoiceKind.INVOICE)
        # Another process may have issued the invoice meanwhile.
        if (found := await self._invoices.invoice_of(order_id)) is not None:
            return found, False
        columns = {
            "kind": InvoiceKind.INVOICE,
            "order_id": order.id,
            "order_number": order.number,
            "supplied_on": self._supplied_on(order, now),
            "currency": order.currency,
            "prices_include_tax": order.prices_include_tax,
            "locale": order.locale,
            "seller": self._terms.seller,
            "buyer": buyer,
            **contents_of(order).as_columns(),
        }
        return await self._write(order, counter, now, columns), True

    async def credit_note(self, refund_id: UUID) -> Invoice | None:
        """Return the credit note of a refund, which is issued if it does not exist.

        Money without an invoice, such as a double payment, gets no credit note.
        """
        if (found := await self._invoices.of_refund(refund_id)) is not None:
            return found
        refund = await self._refunds.get(refund_id)
        # The lock ensures that no two credit notes correct the same amount.
        invoice = await self._invoices.invoice_of(refund.order_id, lock=True)
        if invoice is None or refund.status is not RefundStatus.SUCCEEDED:
            return None
        order = await self._orders.owned(None, refund.order_id)
        counter, now = await self._locked(InvoiceKind.CREDIT_NOTE)
        if (found := await self._invoices.of_refund(refund_id)) is not None:
            return found
        corrections = await self._invoices.corrections_of(invoice.id)
        contents = _correction(invoice, corrections, refund, order)
        if contents is None:
            return None
        same = ("order_id", "order_number", "currency", "locale", "seller", "buyer", "supplied_on")
        columns = {
            "kind": InvoiceKind.CREDIT_NOTE,
            "corrects_id": invoice.id,
            "corrects_number": invoice.shown_number,
            "refund_id": refund_id,
            # The price of the line of a credit note is the refund.
            "prices_include_tax": True,
            **{name: getattr(invoice, name) for name in same},
            **contents.as_columns(),
        }
        return await self._write(order, counter, now, columns)

    async def refunds_of(self, order_id: UUID) -> list[UUID]:
        """Return the refunds of an order that have succeeded."""
        refunds = await self._refunds.of_orders([order_id])
        return [each.id for each in refunds if each.status is RefundStatus.SUCCEEDED]

    async def _locked(self, kind: InvoiceKind) -> tuple[InvoiceSeries, datetime]:
        """Return the locked counter of a series, and the moment of the invoice.

        The moment is read under the lock: later numbers have later moments.
        """
        counter = await self._invoices.lock_series(self._series(kind, self._clock.now()))
        now = self._clock.now()
        if (series := self._series(kind, now)) != counter.series:
            counter = await self._invoices.lock_series(series)
        return counter, now

    def _series(self, kind: InvoiceKind, at: datetime) -> str:
        year = str(self._days.day_of(at).year)
        return self._terms.series[kind].replace("{year}", year)

    async def _write(
        self, order: Order, counter: InvoiceSeries, now: datetime, columns: dict[str, Any]
    ) -> Invoice:
        numbered = {
            "series": counter.series,
            "number": counter.next_number,
            "issued_at": now,
            "issued_on": self._days.day_of(now),
            **columns,
        }
        counter.next_number += 1
        row = Invoice(id=new_id(now), digest=digest_of(numbered), **numbered)
        await self._invoices.add(row)
        await self._tell(order, row)
        return row

    async def _tell(self, order: Order, row: Invoice) -> None:
        """Announce an invoice, and send it to the customer of a cart or a draft."""
        event, kind = _NEWS[row.kind]
        await self._outbox.announce(event(order.id, InvoiceFacts.model_validate(row)))
        if order.email is not None:
            told = MailInvoice(row.shown_number, row.total_minor, row.corrects_number)
            mail = mail_about_money(order, MailOccasion(invoice=told))
            await self._mails.write_further_about_order(kind, mail, order.user_id, row.id)

    async def _name_of(self, order: Order) -> str:
        if order.user_id is None or await self._users.is_anonymised(order.user_id):
            return ""
        user = await self._users.get(order.user_id)
        return f"{user.first_name} {user.last_name}".strip()

    def _supplied_on(self, order: Order, now: datetime) -> date:
        shipped = [
            each.changed_at for each in order.history if each.to_status is OrderStatus.SHIPPED
        ]
        return self._days.day_of(shipped[0] if shipped else now)


def _correction(
    invoice: Invoice, corrections: Sequence[Invoice], refund: Refund, order: Order
) -> Contents | None:
    left = left_of(
        parts_of(invoice.taxes, invoice.net_minor),
        (parts_of(each.taxes, each.net_minor) for each in corrections),
    )
    open_minor = sum(each.total_minor for each in left.values())
    # Money that was paid beyond the invoice goes back without a correction.
    excess = open_minor - (order.paid_minor - order.refunded_minor)
    amount = min(refund.amount_minor, open_minor, max(excess, 0))
    return corrected(amount, refund.reason, left) if amount else None

"""Builds the services of invoices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import InvoiceKind
from app.repositories.identity.user_repository import UserRepository
from app.repositories.invoices.invoice_repository import InvoiceRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.payments.payment_repository import RefundRepository
from app.services.invoices.invoice_books import InvoiceBooks, InvoicesPrivacy
from app.services.invoices.invoice_issue import InvoiceIssue, InvoiceTerms
from app.services.invoices.invoicing import Invoicing
from app.settings import Settings
from app.wiring.areas.messaging import provide_outbox
from app.wiring.areas.system import provide_mails
from app.wiring.resources import Shop


def provide_invoice_issue(session: AsyncSession, shop: Shop) -> InvoiceIssue:
    """Return the service that issues invoices in a transaction."""
    return InvoiceIssue(
        InvoiceRepository(session),
        OrderRepository(session),
        RefundRepository(session),
        UserRepository(session),
        provide_outbox(session, shop),
        provide_mails(session, shop),
        shop.clock,
        shop.days,
        _terms(shop.settings),
    )


def _terms(settings: Settings) -> InvoiceTerms:
    return InvoiceTerms(
        seller={
            "name": settings.shop_name,
            "address": settings.shop_address,
            "country": settings.tax_origin,
            "vat_number": settings.shop_vat_id,
        },
        series={
            InvoiceKind.INVOICE: settings.invoice_series,
            InvoiceKind.CREDIT_NOTE: settings.credit_note_series,
        },
    )


def invoicing(shop: NamedDependency[Shop]) -> Invoicing:
    """Return the service that issues invoices between transactions."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[InvoiceIssue]:
        async with shop.database.write() as session:
            yield provide_invoice_issue(session, shop)

    return Invoicing(begin)


def provide_invoice_books(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> InvoiceBooks:
    """Return the service that reads invoices."""
    return InvoiceBooks(InvoiceRepository(session), OrderRepository(session), shop.days)


def provide_personal_data(session: AsyncSession, _shop: Shop) -> InvoicesPrivacy:
    """Return the personal data in invoices."""
    return InvoicesPrivacy(InvoiceRepository(session))


Books = NamedDependency[InvoiceBooks]
Issues = NamedDependency[Invoicing]

DEPENDENCIES = {
    "invoice_books": Provide(provide_invoice_books, sync_to_thread=False),
    "invoicing": Provide(invoicing, sync_to_thread=False),
}

"""The money of a day: payments, refunds, invoices and credit notes, and their checks."""

from collections.abc import Sequence
from datetime import date

from app.errors import ReportUnbalanced
from app.models import Invoice, InvoiceKind
from app.repositories.invoices.invoice_repository import InvoiceRepository
from app.repositories.reports.ledger_repository import Window
from app.repositories.reports.money_repository import MoneyRepository
from app.services.invoices.invoice_contents import is_intact
from app.services.reports.day_books import Money, MoneySum

_AT_ONCE = 500


class MoneyOfDay:
    """Adds up the money of a day, and checks that the sums agree."""

    def __init__(self, money: MoneyRepository, invoices: InvoiceRepository) -> None:
        self._money = money
        self._invoices = invoices

    async def read(self, day: date, window: Window) -> Money:
        """Return the money of a day by currency, without currencies that have none.

        Raises:
            ReportUnbalanced: an invoice was changed after it was issued.
        """
        money = Money(await self._money.count(window))
        if not money.count:
            return money
        sums = money.sums
        for currency, provider, captured, refunded in await self._money.movements(window):
            its = sums.setdefault(currency, MoneySum())
            its.captured_minor += captured
            its.refunded_minor += refunded
            its.providers.append((provider, captured, refunded))
        await self._add_invoices(day, window, sums)
        for currency, not_invoiced, overpaid, not_paid in await self._money.remainders(window):
            if currency in sums or any((not_invoiced, overpaid, not_paid)):
                its = sums.setdefault(currency, MoneySum())
                its.not_invoiced_minor = not_invoiced
                its.overpaid_minor, its.not_paid_minor = overpaid, not_paid
        return money

    async def _add_invoices(self, day: date, window: Window, sums: dict[str, MoneySum]) -> None:
        rows: Sequence[Invoice] = ()
        is_first = True
        while is_first or len(rows) == _AT_ONCE:
            last = None if is_first else rows[-1]
            is_first = False
            rows = await self._invoices.after((window.starts_at, window.ends_at), last, _AT_ONCE)
            for row in rows:
                if not is_intact(row):
                    raise ReportUnbalanced(
                        f"the document {row.shown_number} of {day} does not add up to its total, "
                        "or was changed after it was issued",
                        day=day.isoformat(),
                    )
                its = sums.setdefault(row.currency, MoneySum())
                if row.kind is InvoiceKind.INVOICE:
                    its.invoiced_minor += row.total_minor
                else:
                    its.credited_minor += row.total_minor

    async def contradiction(self, money: Money, window: Window) -> str | None:
        """Return the part of the money of a day that does not add up, or None."""
        if not money.count:
            return None
        if await self._money.has_other_steps(window):
            return "the payments with their steps"
        if await self._money.has_other_refunds(window):
            return "the payments with their refunds"
        if await self._money.has_other_orders(window):
            return "the orders with their payments"
        wrong = [currency for currency, its in money.sums.items() if not its.is_balanced]
        return f"the payments and invoices in {wrong[0]}" if wrong else None

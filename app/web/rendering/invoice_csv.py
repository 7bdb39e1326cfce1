"""Invoices as CSV (RFC 4180) for a tax adviser: one line for each rate of each invoice."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from litestar import Response
from litestar.response import Stream

from app.core.money import format_minor
from app.models import Invoice, InvoiceKind
from app.schemas.csv_cells import BYTE_ORDER_MARK, csv_text, inert
from app.schemas.invoices.invoice_schema import InvoiceQuery
from app.schemas.percentages import as_percentage
from app.web.rendering.report_csv import CSV
from app.wiring.areas.invoices import provide_invoice_books
from app.wiring.resources import Shop

_AT_ONCE = 500
_NAMES = (
    "number",
    "kind",
    "issued_on",
    "supplied_on",
    "order_number",
    "corrects_number",
    "buyer",
    "buyer_country",
    "buyer_vat_number",
    "currency",
    "rate",
    "reason",
    "net",
    "tax",
    "total",
)


def invoices_as_csv(shop: Shop, query: InvoiceQuery) -> Response[Any]:
    """Return all invoices of a period; the amounts of credit notes are negative."""
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": 'attachment; filename="invoices.csv"',
        "Vary": "Accept",
    }
    return cast("Response[Any]", Stream(_parts(shop, query), media_type=CSV, headers=headers))


async def _parts(shop: Shop, query: InvoiceQuery) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + csv_text([_NAMES])
    last = None
    while True:
        # The session of the request is closed before the response is sent.
        async with shop.database.read() as session:
            books = provide_invoice_books(session, shop)
            rows = await books.after(query, last, _AT_ONCE)
        if not rows:
            return
        yield csv_text(cells for row in rows for cells in _cells(row))
        last = rows[-1]


def _cells(row: Invoice) -> Iterator[tuple[object, ...]]:
    sign = -1 if row.kind is InvoiceKind.CREDIT_NOTE else 1
    address = row.buyer["address"] or {}
    untaxed = {"rate_ppm": None, "reason": "", "net_minor": row.net_minor, "tax_minor": 0}
    for each in row.taxes or [untaxed]:
        net, tax = sign * each["net_minor"], sign * each["tax_minor"]
        yield (
            row.shown_number,
            row.kind,
            row.issued_on,
            row.supplied_on,
            row.order_number,
            row.corrects_number or "",
            inert(row.buyer["name"]),
            address.get("country", ""),
            row.buyer["vat_number"] or "",
            row.currency,
            "" if each["rate_ppm"] is None else as_percentage(each["rate_ppm"]),
            each["reason"],
            format_minor(net, row.currency),
            format_minor(tax, row.currency),
            format_minor(net + tax, row.currency),
        )

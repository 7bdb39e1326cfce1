"""Responses with invoices, in the format that the caller prefers, and with packing slips."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from litestar import Response

from app.documents.packing_slip import PackingSlip
from app.schemas.invoices.invoice_schema import InvoicePage, InvoiceQuery, InvoiceRead
from app.services.invoices.invoice_books import InvoiceBooks
from app.services.system.idempotency_service import Answer
from app.web.rendering.invoice_csv import invoices_as_csv
from app.web.rendering.report_csv import prefers_csv
from app.web.rendering.responses import answer_of_new, file_response, json_response, sent_answer
from app.web.request import ShopRequest
from app.wiring.resources import Shop

PDF = "application/pdf"
_JSON = "application/json"


def answer_of_invoice(invoice: InvoiceRead, is_new: bool) -> Response[Any]:
    """Return an invoice that was issued now or before."""
    answer = answer_of_new(invoice, f"/api/v1/invoices/{invoice.id}")
    if is_new:
        return sent_answer(answer)
    headers = {name: each for name, each in answer.headers.items() if name != "location"}
    return sent_answer(Answer(200, headers, answer.body))


async def list_invoices(
    request: ShopRequest, shop: Shop, books: InvoiceBooks, query: InvoiceQuery
) -> Response[InvoicePage]:
    """Return a page of invoices as JSON, or all of them as CSV."""
    if prefers_csv(request):
        return invoices_as_csv(shop, query)
    response = json_response(request, await books.find(query))
    response.headers["Vary"] = "Accept"
    return response


async def show_invoice(request: ShopRequest, invoice: InvoiceRead) -> Response[InvoiceRead]:
    """Return an invoice as JSON or PDF."""
    if request.accept.best_match([_JSON, PDF], default=_JSON) != PDF:
        response = json_response(request, invoice)
        response.headers["Vary"] = "Accept"
        return response
    return cast("Response[InvoiceRead]", await invoice_file(request, invoice))


async def invoice_file(request: ShopRequest, invoice: InvoiceRead) -> Response[None]:
    """Return an invoice as PDF."""
    # The library is slow to import, and most processes never draw a PDF.
    # pylint: disable-next=import-outside-toplevel
    from app.documents.invoice_pdf import invoice_as_pdf

    body = await asyncio.to_thread(invoice_as_pdf, invoice)
    headers = {
        "Content-Disposition": f'inline; filename="{invoice.file_name}"',
        "Vary": "Accept",
    }
    return file_response(request, body, PDF, **headers)


async def slips_response(request: ShopRequest, slips: Sequence[PackingSlip]) -> Response[None]:
    """Return packing slips in one file."""
    # The library is slow to import, and most processes never draw a PDF.
    # pylint: disable-next=import-outside-toplevel
    from app.documents.packing_slip_pdf import slips_as_pdf

    body = await asyncio.to_thread(slips_as_pdf, slips)
    name = f"packing-slip-{slips[0].number}" if len(slips) == 1 else "packing-slips"
    disposition = f'inline; filename="{name}.pdf"'
    return file_response(request, body, PDF, **{"Content-Disposition": disposition})

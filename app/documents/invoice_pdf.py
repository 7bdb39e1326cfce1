"""An invoice or a credit note as PDF: the same document gives the same bytes."""

import io
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.platypus import SimpleDocTemplate

from app.documents.invoice_layout import parts_of
from app.documents.paper import BOTTOM, PADDING, SIDE, TOP, draw_footer, register_fonts
from app.documents.wording import Wording, wording_of
from app.mails.formats import one_line
from app.schemas.invoices.invoice_schema import InvoiceRead, InvoiceSeller


def invoice_as_pdf(invoice: InvoiceRead) -> bytes:
    """Return an invoice as PDF, in the language of the customer."""
    register_fonts()
    wording = wording_of(invoice.locale)
    # The document is drawn twice: the first time counts the pages.
    _, pages = _drawn(invoice, wording, 0)
    content, _ = _drawn(invoice, wording, pages)
    return content


def _drawn(invoice: InvoiceRead, wording: Wording, pages: int) -> tuple[bytes, int]:
    buffer = io.BytesIO()
    title = f"{wording.words[invoice.kind]} {invoice.number}"
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=SIDE - PADDING,
        rightMargin=SIDE - PADDING,
        topMargin=TOP,
        bottomMargin=BOTTOM,
        title=title,
        author=one_line(invoice.seller.name),
        lang=invoice.locale or "en",
        # The file has neither a time nor random ids.
        invariant=1,
    )
    foot = _foot(invoice.seller, wording)

    def draw(canvas: Any, template: Any) -> None:
        draw_footer(canvas, foot, wording, (template.page, pages))

    document.build(
        parts_of(invoice, wording, A4[0] - 2 * SIDE), onFirstPage=draw, onLaterPages=draw
    )
    return buffer.getvalue(), document.page


def _foot(seller: InvoiceSeller, wording: Wording) -> list[str]:
    parts = [seller.name, seller.address]
    if seller.vat_number is not None:
        parts.append(f"{wording.words['vat_number']} {seller.vat_number}")
    return [each for each in parts if each]

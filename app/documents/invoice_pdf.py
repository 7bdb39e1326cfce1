"""An invoice or a credit note as PDF: the same document gives the same bytes."""

import io
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import SimpleDocTemplate

from app.documents.invoice_story import BOLD, FONT, GREY, story_of
from app.documents.wording import Wording, wording_of
from app.mails.formats import filled, one_line
from app.schemas.invoices.invoice_schema import InvoiceRead, InvoiceSeller

_FONTS = Path(__file__).parent / "fonts"
_SIDE = 20 * mm
_TOP, _BOTTOM = 18 * mm, 24 * mm
# Of the frame in which the library puts a page.
_PADDING = 6
_FOOTER_SIZE = 7.5


def invoice_as_pdf(invoice: InvoiceRead) -> bytes:
    """Return an invoice as PDF, in the language of the customer."""
    _register_fonts()
    wording = wording_of(invoice.locale)
    # Drawn twice: the first time tells how many pages there are.
    _, pages = _drawn(invoice, wording, 0)
    content, _ = _drawn(invoice, wording, pages)
    return content


def _drawn(invoice: InvoiceRead, wording: Wording, pages: int) -> tuple[bytes, int]:
    buffer = io.BytesIO()
    title = f"{wording.words[invoice.kind]} {invoice.number}"
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_SIDE - _PADDING,
        rightMargin=_SIDE - _PADDING,
        topMargin=_TOP,
        bottomMargin=_BOTTOM,
        title=title,
        author=one_line(invoice.seller.name),
        lang=invoice.locale or "en",
        # Without the time and random ids.
        invariant=1,
    )

    def draw_footer(canvas: Any, template: Any) -> None:
        _draw_footer(canvas, invoice.seller, wording, (template.page, pages))

    story = story_of(invoice, wording, A4[0] - 2 * _SIDE)
    document.build(story, onFirstPage=draw_footer, onLaterPages=draw_footer)
    return buffer.getvalue(), document.page


def _draw_footer(
    canvas: Any, seller: InvoiceSeller, wording: Wording, place: tuple[int, int]
) -> None:
    page, pages = place
    parts = [seller.name, seller.address]
    if seller.vat_number is not None:
        parts.append(f"{wording.words['vat_number']} {seller.vat_number}")
    canvas.saveState()
    canvas.setFont(FONT, _FOOTER_SIZE)
    canvas.setFillColor(GREY)
    canvas.setStrokeColor(GREY)
    canvas.setLineWidth(0.4)
    canvas.line(_SIDE, 18 * mm, A4[0] - _SIDE, 18 * mm)
    for number, line in enumerate(filter(None, parts)):
        canvas.drawString(_SIDE, 14 * mm - number * 3.6 * mm, one_line(line)[:110])
    shown = filled(wording.words["page"], page=str(page), pages=str(pages))
    canvas.drawRightString(A4[0] - _SIDE, 14 * mm, shown)
    canvas.restoreState()


@cache
def _register_fonts() -> None:
    registerFont(TTFont(FONT, str(_FONTS / "DejaVuSans.ttf")))
    registerFont(TTFont(BOLD, str(_FONTS / "DejaVuSans-Bold.ttf")))
    registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)

"""The parts of an invoice on paper, from top to bottom."""

from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape  # nosec B406  # it reads no XML

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

from app.core.addresses.rules import lines_of
from app.documents.wording import Wording
from app.mails.formats import one_line
from app.schemas.invoices.invoice_schema import InvoiceBuyer, InvoiceLineRead, InvoiceRead

FONT, BOLD = "DejaVuSans", "DejaVuSans-Bold"
"""The fonts of documents, which have Latin, Greek and Cyrillic letters."""
GREY = HexColor("#5f6670")
"""The colour of what is less important."""
_RULE = HexColor("#c9ced6")
_SHADE = HexColor("#f3f5f8")
_INK = HexColor("#1c2128")

_NOTED = ("reverse_charge", "export", "exempt")
_WIDTHS = (0.29, 0.08, 0.13, 0.09, 0.14, 0.13, 0.14)
_META_WIDTH = 80 * mm
_SUMS_WIDTH = 100 * mm


def _style(
    size: float = 8.5, *, font: str = FONT, align: int = 0, colour: Color = _INK
) -> ParagraphStyle:
    return ParagraphStyle(
        f"{font}-{size}-{align}-{colour.hexval()}",
        fontName=font,
        fontSize=size,
        leading=size * 1.35,
        alignment=align,
        textColor=colour,
        splitLongWords=True,
    )


_PLAIN, _RIGHT = _style(), _style(align=TA_RIGHT)
_STRONG, _STRONG_RIGHT = _style(font=BOLD), _style(font=BOLD, align=TA_RIGHT)
_SMALL = _style(7.5, colour=GREY)
_HEAD, _HEAD_RIGHT = _style(7.5, font=BOLD), _style(7.5, font=BOLD, align=TA_RIGHT)
_TITLE, _SHOP = _style(15, font=BOLD), _style(12, font=BOLD)
_SUM, _SUM_RIGHT = _style(10.5, font=BOLD), _style(10.5, font=BOLD, align=TA_RIGHT)


def story_of(invoice: InvoiceRead, wording: Wording, width: float) -> list[Flowable]:
    """Return the parts of an invoice, for a column of a width in points."""
    end: list[Flowable] = [Spacer(0, 5 * mm), _sums(invoice, wording, width)]
    notes = _notes(invoice, wording)
    if notes:
        end += [Spacer(0, 6 * mm), *(_text(each, _SMALL) for each in notes)]
    return [
        _text(invoice.seller.name, _SHOP),
        Spacer(0, 10 * mm),
        _heads(invoice, wording, width),
        Spacer(0, 10 * mm),
        _text(f"{wording.words[invoice.kind]} {invoice.number}", _TITLE),
        Spacer(0, 6 * mm),
        _lines(invoice, wording, width),
        KeepTogether(end),
    ]


def _heads(invoice: InvoiceRead, wording: Wording, width: float) -> Table:
    sender = " · ".join(filter(None, (invoice.seller.name, invoice.seller.address)))
    left = [_text(sender, _style(6.5, colour=GREY)), Spacer(0, 2 * mm)]
    left += [_text(each, _style(9.5)) for each in _buyer_lines(invoice.buyer, wording)]
    head = Table([[left, _facts(invoice, wording)]], colWidths=[width - _META_WIDTH, _META_WIDTH])
    head.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_no_padding()]))
    return head


def _buyer_lines(buyer: InvoiceBuyer, wording: Wording) -> list[str]:
    address = None if buyer.address is None else buyer.address.model_dump()
    lines = [buyer.name] if address is None or not address["recipient"] else []
    if address is not None:
        # The last line is the country in English.
        own = wording.countries.get(address["country"], address["country"])
        lines += [*lines_of(address)[:-1], own]
    if buyer.vat_number is not None:
        lines += [f"{wording.words['vat_number']} {buyer.vat_number}"]
    return [each for each in lines if each]


def _facts(invoice: InvoiceRead, wording: Wording) -> Table:
    words = wording.words
    facts = [
        (words["number"], invoice.number),
        (words["date"], wording.day(invoice.issued_on)),
        (words["supplied_on"], wording.day(invoice.supplied_on)),
        (words["order"], str(invoice.order_number)),
    ]
    if invoice.corrects_number is not None:
        facts.append((words["corrects"], invoice.corrects_number))
    rows = [[_text(name, _SMALL), _text(value, _RIGHT)] for name, value in facts]
    table = Table(rows, colWidths=[_META_WIDTH * 0.45, _META_WIDTH * 0.55])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ]
        )
    )
    return table


def _lines(invoice: InvoiceRead, wording: Wording, width: float) -> Table:
    names = ("item", "quantity", "unit_price", "rate", "net", "tax", "total")
    words = [wording.words[name] for name in names]
    rows = [[_text(words[0], _HEAD), *_texts(words[1:], _HEAD_RIGHT)]]
    rows += [_line(each, invoice.currency, wording) for each in invoice.lines]
    table = Table(rows, colWidths=[width * each for each in _WIDTHS], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 3.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ]
        )
    )
    return table


def _line(line: InvoiceLineRead, currency: str, wording: Wording) -> list[Any]:
    name: list[Any] = [_text(_name(line, wording), _PLAIN)]
    if line.sku is not None:
        name.append(_text(line.sku, _SMALL))
    if line.discount_minor:
        taken = wording.number(-line.discount_minor, currency)
        name.append(_text(f"{wording.words['discount']} {taken}", _SMALL))
    numbers = [
        str(line.quantity),
        wording.number(line.unit_price_minor, currency),
        "" if line.rate_ppm is None else wording.formats.rate(line.rate_ppm),
        wording.number(line.net_minor, currency),
        wording.number(line.tax_minor, currency),
        wording.number(line.total_minor, currency),
    ]
    return [name, *_texts(numbers, _RIGHT)]


def _name(line: InvoiceLineRead, wording: Wording) -> str:
    if line.kind == "goods":
        return line.name
    word = wording.words[line.kind]
    return f"{word}: {line.name}" if line.name else word


def _sums(invoice: InvoiceRead, wording: Wording, width: float) -> Table:
    words, currency = wording.words, invoice.currency

    rows = [[_text(words["tax_rate"], _HEAD)]]
    rows[0] += _texts((words[name] for name in ("net", "tax", "total")), _HEAD_RIGHT)
    amounts = [
        (wording.formats.rate(each.rate_ppm), each.net_minor, each.tax_minor)
        for each in invoice.taxes
    ]
    for rate, net, tax in amounts or [("", invoice.net_minor, invoice.tax_minor)]:
        shown = [wording.number(each, currency) for each in (net, tax, net + tax)]
        rows.append([_text(rate, _PLAIN), *_texts(shown, _RIGHT)])
    if len(amounts) > 1:
        whole = (invoice.net_minor, invoice.tax_minor, invoice.total_minor)
        shown = [wording.number(each, currency) for each in whole]
        rows.append([_text("", _PLAIN), *_texts(shown, _STRONG_RIGHT)])
    total = wording.formats.amount(invoice.total_minor, currency)
    rows.append([_text(words[f"sum_of_{invoice.kind}"], _SUM), "", _text(total, _SUM_RIGHT), ""])
    table = Table(rows, colWidths=[_SUMS_WIDTH / 4] * 4)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.4, _RULE),
                ("LINEABOVE", (0, -1), (-1, -1), 0.9, _INK),
                ("SPAN", (0, -1), (1, -1)),
                ("SPAN", (2, -1), (3, -1)),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
                ("TOPPADDING", (0, -1), (-1, -1), 5),
            ]
        )
    )
    around = Table([["", table]], colWidths=[width - _SUMS_WIDTH, _SUMS_WIDTH])
    around.setStyle(TableStyle(_no_padding()))
    return around


def _notes(invoice: InvoiceRead, wording: Wording) -> list[str]:
    reasons = {each.reason for each in invoice.taxes}
    notes = [wording.words[each] for each in _NOTED if each in reasons]
    if invoice.kind == "invoice" and invoice.taxes:
        name = "gross_prices" if invoice.prices_include_tax else "net_prices"
        notes.insert(0, wording.words[name])
    return notes


def _texts(texts: Iterable[str], style: ParagraphStyle) -> list[Any]:
    return [_text(each, style) for each in texts]


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    # What looks like markup in a name is text.
    return Paragraph(escape(one_line(text)), style)


def _no_padding() -> Sequence[tuple[Any, ...]]:
    sides = ("LEFT", "RIGHT", "TOP", "BOTTOM")
    return [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in sides]

"""The parts of an invoice on paper, from top to bottom."""

from typing import Any

from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table, TableStyle

from app.documents.paper import (
    BOLD,
    GREY,
    HEAD,
    HEAD_RIGHT,
    INK,
    PLAIN,
    RIGHT,
    RULE,
    SHOP,
    SMALL,
    TITLE,
    address_lines,
    facts_table,
    lines_table,
    no_padding,
    style,
    text,
    texts,
)
from app.documents.wording import Wording
from app.schemas.invoices.invoice_schema import InvoiceBuyer, InvoiceLineRead, InvoiceRead

_NOTED = ("reverse_charge", "export", "exempt")
_WIDTHS = (0.29, 0.08, 0.13, 0.09, 0.14, 0.13, 0.14)
_META_WIDTH = 80 * mm
_SUMS_WIDTH = 100 * mm


_STRONG_RIGHT = style(font=BOLD, align=TA_RIGHT)
_SUM, _SUM_RIGHT = style(10.5, font=BOLD), style(10.5, font=BOLD, align=TA_RIGHT)


def parts_of(invoice: InvoiceRead, wording: Wording, width: float) -> list[Flowable]:
    """Return the parts of an invoice, for a column of a width in points."""
    end: list[Flowable] = [Spacer(0, 5 * mm), _sums(invoice, wording, width)]
    notes = _notes(invoice, wording)
    if notes:
        end += [Spacer(0, 6 * mm), *(text(each, SMALL) for each in notes)]
    return [
        text(invoice.seller.name, SHOP),
        Spacer(0, 10 * mm),
        _heads(invoice, wording, width),
        Spacer(0, 10 * mm),
        text(f"{wording.words[invoice.kind]} {invoice.number}", TITLE),
        Spacer(0, 6 * mm),
        _lines(invoice, wording, width),
        KeepTogether(end),
    ]


def _heads(invoice: InvoiceRead, wording: Wording, width: float) -> Table:
    sender = " · ".join(filter(None, (invoice.seller.name, invoice.seller.address)))
    left = [text(sender, style(6.5, colour=GREY)), Spacer(0, 2 * mm)]
    left += [text(each, style(9.5)) for each in _buyer_lines(invoice.buyer, wording)]
    head = Table([[left, _facts(invoice, wording)]], colWidths=[width - _META_WIDTH, _META_WIDTH])
    head.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *no_padding()]))
    return head


def _buyer_lines(buyer: InvoiceBuyer, wording: Wording) -> list[str]:
    address = None if buyer.address is None else buyer.address.model_dump()
    lines = [buyer.name] if address is None or not address["recipient"] else []
    lines += address_lines(address, wording)
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
    return facts_table(facts, _META_WIDTH)


def _lines(invoice: InvoiceRead, wording: Wording, width: float) -> Table:
    names = ("item", "quantity", "unit_price", "rate", "net", "tax", "total")
    words = [wording.words[name] for name in names]
    rows = [[text(words[0], HEAD), *texts(words[1:], HEAD_RIGHT)]]
    rows += [_line(each, invoice.currency, wording) for each in invoice.lines]
    return lines_table(rows, [width * each for each in _WIDTHS])


def _line(line: InvoiceLineRead, currency: str, wording: Wording) -> list[Any]:
    name: list[Any] = [text(_name(line, wording), PLAIN)]
    if line.sku is not None:
        name.append(text(line.sku, SMALL))
    if line.discount_minor:
        taken = wording.number(-line.discount_minor, currency)
        name.append(text(f"{wording.words['discount']} {taken}", SMALL))
    numbers = [
        str(line.quantity),
        wording.number(line.unit_price_minor, currency),
        "" if line.rate_ppm is None else wording.formats.rate(line.rate_ppm),
        wording.number(line.net_minor, currency),
        wording.number(line.tax_minor, currency),
        wording.number(line.total_minor, currency),
    ]
    return [name, *texts(numbers, RIGHT)]


def _name(line: InvoiceLineRead, wording: Wording) -> str:
    if line.kind == "goods":
        return line.name
    word = wording.words[line.kind]
    return f"{word}: {line.name}" if line.name else word


def _sums(invoice: InvoiceRead, wording: Wording, width: float) -> Table:
    words, currency = wording.words, invoice.currency

    rows = [[text(words["tax_rate"], HEAD)]]
    rows[0] += texts((words[name] for name in ("net", "tax", "total")), HEAD_RIGHT)
    amounts = [
        (wording.formats.rate(each.rate_ppm), each.net_minor, each.tax_minor)
        for each in invoice.taxes
    ]
    for rate, net, tax in amounts or [("", invoice.net_minor, invoice.tax_minor)]:
        shown = [wording.number(each, currency) for each in (net, tax, net + tax)]
        rows.append([text(rate, PLAIN), *texts(shown, RIGHT)])
    if len(amounts) > 1:
        whole = (invoice.net_minor, invoice.tax_minor, invoice.total_minor)
        shown = [wording.number(each, currency) for each in whole]
        rows.append([text("", PLAIN), *texts(shown, _STRONG_RIGHT)])
    total = wording.formats.amount(invoice.total_minor, currency)
    rows.append([text(words[f"sum_of_{invoice.kind}"], _SUM), "", text(total, _SUM_RIGHT), ""])
    table = Table(rows, colWidths=[_SUMS_WIDTH / 4] * 4)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.4, RULE),
                ("LINEABOVE", (0, -1), (-1, -1), 0.9, INK),
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
    around.setStyle(TableStyle(no_padding()))
    return around


def _notes(invoice: InvoiceRead, wording: Wording) -> list[str]:
    reasons = {each.reason for each in invoice.taxes}
    notes = [wording.words[each] for each in _NOTED if each in reasons]
    if invoice.kind == "invoice" and invoice.taxes:
        name = "gross_prices" if invoice.prices_include_tax else "net_prices"
        notes.insert(0, wording.words[name])
    return notes

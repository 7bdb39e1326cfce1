"""Packing slips as PDF, each on new pages; the same slips give the same bytes."""

import io
from collections.abc import Sequence
from functools import partial
from typing import Any

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CallerMacro,
    Flowable,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Spacer,
    Table,
    TableStyle,
)

from app.documents.packing_slip import PackingSlip
from app.documents.paper import (
    BOLD,
    BOTTOM,
    HEAD,
    HEAD_RIGHT,
    PADDING,
    PLAIN,
    RIGHT,
    SHOP,
    SIDE,
    SMALL,
    TITLE,
    TOP,
    address_lines,
    draw_footer,
    facts_table,
    lines_table,
    no_padding,
    register_fonts,
    style,
    text,
    texts,
)
from app.documents.wording import Wording, wording_of
from app.mails.formats import lines_of, one_line

_WIDTH = A4[0] - 2 * SIDE
_FACTS_WIDTH = 80 * mm
_WIDTHS = (0.1, 0.24, 0.59, 0.07)
_BOX = "\N{BALLOT BOX}"
_QUANTITY = style(font=BOLD, align=TA_RIGHT)
_NUMBER = style(9, font=BOLD, align=TA_RIGHT)


def slips_as_pdf(slips: Sequence[PackingSlip]) -> bytes:
    """Return packing slips as PDF, each in the language of its customer."""
    register_fonts()
    # Most slips have one page; if one has more, all are drawn again with the right page numbers.
    content, pages = _drawn(slips, [1] * len(slips))
    return content if max(pages) == 1 else _drawn(slips, pages)[0]


def _drawn(slips: Sequence[PackingSlip], pages: Sequence[int]) -> tuple[bytes, list[int]]:
    buffer, began, drawn = io.BytesIO(), list[int](), [0] * len(slips)
    title = ", ".join(f"{_title(each)}" for each in slips[:3])
    document = BaseDocTemplate(
        buffer, pagesize=A4, title=title, author=one_line(slips[0].shop), invariant=1
    )

    def end_page(canvas: Any, _: Any) -> None:
        place = began[-1]
        slip = slips[place]
        drawn[place] += 1
        foot = [each for each in (slip.shop, slip.shop_address) if each]
        draw_footer(canvas, foot, wording_of(slip.locale), (drawn[place], pages[place]))

    frame = Frame(SIDE - PADDING, BOTTOM, _WIDTH + 2 * PADDING, A4[1] - TOP - BOTTOM)
    document.addPageTemplates(PageTemplate(frames=[frame], onPageEnd=end_page))
    parts: list[Flowable] = []
    for place, slip in enumerate(slips):
        if parts:
            parts.append(PageBreak())
        # This element takes no space, and marks the beginning of a slip.
        begin = CallerMacro(partial(_noted, began, place))
        parts += [begin, *_parts_of(slip, wording_of(slip.locale))]
    document.build(parts)
    return buffer.getvalue(), drawn


def _noted(began: list[int], place: int, *_: object) -> None:
    began.append(place)


def _title(slip: PackingSlip) -> str:
    return f"{wording_of(slip.locale).words['packing_slip']} {slip.number}"


def _parts_of(slip: PackingSlip, wording: Wording) -> list[Flowable]:
    title = [text(_title(slip), TITLE)]
    if slip.is_cancelled:
        title.append(text(wording.words["cancelled"], style(11, font=BOLD)))
    units = sum(each.quantity for each in slip.lines)
    end: list[Flowable] = [
        Spacer(0, 4 * mm),
        text(f"{wording.words['units']}: {units}", style(10.5, font=BOLD)),
    ]
    for note in slip.notes:
        lines = texts(lines_of(note), PLAIN)
        end += [Spacer(0, 4 * mm), text(wording.words["note"], SMALL), *lines]
    return [
        _head(slip),
        Spacer(0, 8 * mm),
        _parties(slip, wording),
        Spacer(0, 8 * mm),
        *title,
        Spacer(0, 6 * mm),
        _lines(slip, wording),
        # If a table fills a page, the end of the slip is on the next page.
        KeepTogether(end),
    ]


def _head(slip: PackingSlip) -> Table:
    barcode = Code128(slip.number, barHeight=14 * mm, barWidth=0.38 * mm, quiet=False)
    barcode.hAlign = "RIGHT"
    number = text(slip.number, _NUMBER)
    return _beside([text(slip.shop, SHOP)], [barcode, Spacer(0, 1 * mm), number])


def _parties(slip: PackingSlip, wording: Wording) -> Table:
    words = wording.words
    facts = [
        (words["shipment"], slip.number),
        (words["order"], str(slip.order_number)),
        (words["packed_on"], wording.day(slip.packed_on)),
        (words["shipping"], slip.method),
        (words["carrier"], slip.carrier),
        (words["tracking"], slip.tracking_number or ""),
    ]
    address = texts(address_lines(slip.address, wording), style(11))
    shown = [(name, value) for name, value in facts if value]
    return _beside(address, [facts_table(shown, _FACTS_WIDTH)])


def _beside(left: Sequence[Any], right: Sequence[Any]) -> Table:
    table = Table([[left, right]], colWidths=[_WIDTH - _FACTS_WIDTH, _FACTS_WIDTH])
    commands = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("ALIGN", (1, 0), (1, 0), "RIGHT")]
    table.setStyle(TableStyle([*commands, *no_padding()]))
    return table


def _lines(slip: PackingSlip, wording: Wording) -> Table:
    words = wording.words
    rows = [[text(words["quantity"], HEAD_RIGHT), *texts((words["sku"], words["item"], ""), HEAD)]]
    for each in slip.lines:
        goods = texts((each.sku, each.name), PLAIN)
        rows.append([text(str(each.quantity), _QUANTITY), *goods, text(_BOX, RIGHT)])
    return lines_table(rows, [_WIDTH * each for each in _WIDTHS])

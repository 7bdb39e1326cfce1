"""The common parts of all documents: fonts, styles, tables and the footer."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape  # nosec B406  # it reads no XML

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, Table, TableStyle

from app.core.addresses.rules import lines_of
from app.documents.wording import Wording
from app.mails.formats import filled, one_line

_FONTS = Path(__file__).parent / "fonts"
FONT, BOLD = "DejaVuSans", "DejaVuSans-Bold"
"""The fonts of documents, which have Latin, Greek and Cyrillic letters."""
GREY = HexColor("#5f6670")
"""The colour of less important texts."""
RULE = HexColor("#c9ced6")
"""The colour of lines."""
_SHADE = HexColor("#f3f5f8")
INK = HexColor("#1c2128")
"""The colour of texts."""
SIDE, TOP, BOTTOM = 20 * mm, 18 * mm, 24 * mm
"""The margins of a page."""
PADDING = 6
"""The padding of the frame that the library puts around a page."""
_FOOTER_SIZE = 7.5


def style(
    size: float = 8.5, *, font: str = FONT, align: int = 0, colour: Color = INK
) -> ParagraphStyle:
    """Return the style of a text."""
    return ParagraphStyle(
        f"{font}-{size}-{align}-{colour.hexval()}",
        fontName=font,
        fontSize=size,
        leading=size * 1.35,
        alignment=align,
        textColor=colour,
        splitLongWords=True,
    )


PLAIN, RIGHT, SMALL = style(), style(align=TA_RIGHT), style(7.5, colour=GREY)
HEAD, HEAD_RIGHT = style(7.5, font=BOLD), style(7.5, font=BOLD, align=TA_RIGHT)
TITLE, SHOP = style(15, font=BOLD), style(12, font=BOLD)


def text(content: str, its_style: ParagraphStyle) -> Paragraph:
    """Return a text in one line, or in several if it is too long; markup is escaped."""
    return Paragraph(escape(one_line(content)), its_style)


def texts(contents: Iterable[str], their_style: ParagraphStyle) -> list[Any]:
    """Return texts in one style."""
    return [text(each, their_style) for each in contents]


def no_padding() -> Sequence[tuple[Any, ...]]:
    """Return the commands for a table whose cells have no padding."""
    sides = ("LEFT", "RIGHT", "TOP", "BOTTOM")
    return [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in sides]


def facts_table(facts: Iterable[tuple[str, str]], width: float) -> Table:
    """Return a table of names and values."""
    rows = [[text(name, SMALL), text(value, RIGHT)] for name, value in facts]
    table = Table(rows, colWidths=[width * 0.45, width * 0.55])
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


def lines_table(rows: Sequence[Sequence[Any]], widths: Sequence[float]) -> Table:
    """Return a table of lines, whose first row is repeated on each page."""
    table = Table(rows, colWidths=widths, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 3.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ]
        )
    )
    return table


def address_lines(address: Mapping[str, Any] | None, wording: Wording) -> list[str]:
    """Return the lines of an address; the last one is the country in the document's language."""
    if address is None:
        return []
    # The last line is the country in English.
    own = wording.countries.get(address["country"], address["country"])
    return [*lines_of(dict(address))[:-1], own]


def draw_footer(
    canvas: Any, parts: Iterable[str], wording: Wording, place: tuple[int, int]
) -> None:
    """Draw the footer of a page, with its number and the number of pages."""
    page, pages = place
    canvas.saveState()
    canvas.setFont(FONT, _FOOTER_SIZE)
    canvas.setFillColor(GREY)
    canvas.setStrokeColor(GREY)
    canvas.setLineWidth(0.4)
    canvas.line(SIDE, 18 * mm, A4[0] - SIDE, 18 * mm)
    for number, line in enumerate(parts):
        canvas.drawString(SIDE, 14 * mm - number * 3.6 * mm, one_line(line)[:110])
    shown = filled(wording.words["page"], page=str(page), pages=str(pages))
    canvas.drawRightString(A4[0] - SIDE, 14 * mm, shown)
    canvas.restoreState()


@cache
def register_fonts() -> None:
    """Register the fonts in the library."""
    registerFont(TTFont(FONT, str(_FONTS / "DejaVuSans.ttf")))
    registerFont(TTFont(BOLD, str(_FONTS / "DejaVuSans-Bold.ttf")))
    registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)

"""Texts in the cells of CSV files, which no spreadsheet reads as formulas, and their undoing."""

import csv
import io
import re
from collections.abc import Iterable

BYTE_ORDER_MARK = "\ufeff"
"""By this mark a spreadsheet knows that a file is in UTF-8."""

# OWASP, CSV Injection: a spreadsheet reads text that begins like this as a formula, and those of
# East Asia also the wide and small forms of the signs.
_SIGNS = "-=+@\u2212\uff0d\uff1d\uff0b\uff20\ufe63\ufe66\ufe62\ufe6b"
# Where the separator of lists is a semicolon, the quotes of a cell inside a line protect nothing,
# and a new cell begins in the middle of a text.
_BEGIN = r"(^|[;|\t\r\n])([\s\"']*)"
_FORMULA = re.compile(rf"{_BEGIN}(?=[{_SIGNS}])")
_MARKED = re.compile(rf"{_BEGIN}'(?=[{_SIGNS}])")
_BREAKS = ("\t", "\r", "\n")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as a part of a CSV file (RFC 4180)."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def inert(text: str) -> str:
    """Return a text that no spreadsheet reads as a formula, whatever it takes for a separator."""
    marked = _FORMULA.sub(r"\1\2'", text)
    return f"'{marked}" if text.startswith(_BREAKS) else marked


def guarded(text: str) -> str:
    """Return a text as a cell from which `unguarded` makes the same text again.

    It is inert, and has no blanks at its ends, which reading a file would remove.
    """
    return inert(f"'{text}'" if _needs_ends(text) else text)


def unguarded(cell: str) -> str:
    """Return the text of a cell; only apostrophes that `guarded` adds are removed."""
    text = _MARKED.sub(r"\1\2", cell)
    inner = _inside(text)
    return text if inner is None or not _needs_ends(inner) else inner


def _needs_ends(text: str) -> bool:
    """Return whether a text has outer blanks, or looks as if apostrophes kept some."""
    inner: str | None = text
    while inner is not None:
        if inner != inner.strip():
            return True
        inner = _inside(inner)
    return False


def _inside(text: str) -> str | None:
    """Return what is between two apostrophes at the ends of a text, if they are there."""
    is_between = len(text) > 1 and text[0] == text[-1] == "'"
    return text[1:-1] if is_between else None

"""Texts in the cells of CSV files, guarded so that no spreadsheet reads them as formulas."""

import csv
import io
import re
from collections.abc import Iterable

BYTE_ORDER_MARK = "\ufeff"
"""The byte order mark, by which a spreadsheet recognizes UTF-8."""

# OWASP, CSV Injection: a spreadsheet reads a text that begins with such a sign as a formula; East
# Asian ones also accept the wide and small forms of the signs.
_SIGNS = "-=+@\u2212\uff0d\uff1d\uff0b\uff20\ufe63\ufe66\ufe62\ufe6b"
# Where the list separator is a semicolon, quotes inside a line do not protect a cell, and a new
# cell begins in the middle of a text.
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
    """Return a text that no spreadsheet reads as a formula, with any separator."""
    marked = _FORMULA.sub(r"\1\2'", text)
    return f"'{marked}" if text.startswith(_BREAKS) else marked


def guarded(text: str) -> str:
    """Return a text as a cell from which `unguarded` restores the text.

    The cell is inert, and has no blanks at its ends, which reading a file would remove.
    """
    return inert(f"'{text}'" if _needs_ends(text) else text)


def unguarded(cell: str) -> str:
    """Return the text of a cell; only apostrophes that `guarded` adds are removed."""
    text = _MARKED.sub(r"\1\2", cell)
    inner = _inside(text)
    return text if inner is None or not _needs_ends(inner) else inner


def _needs_ends(text: str) -> bool:
    """Return whether a text has outer blanks, or looks as if apostrophes protected them."""
    inner: str | None = text
    while inner is not None:
        if inner != inner.strip():
            return True
        inner = _inside(inner)
    return False


def _inside(text: str) -> str | None:
    """Return the text between two apostrophes at the ends of a text, if it has them."""
    is_between = len(text) > 1 and text[0] == text[-1] == "'"
    return text[1:-1] if is_between else None

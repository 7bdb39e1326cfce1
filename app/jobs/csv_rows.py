"""Reads CSV files strictly, in the dialects of spreadsheets; no row is lost or altered."""

import codecs
import csv
import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

from msgspec import Struct

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # The mark of UTF-16 is the beginning of that of UTF-32.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DELIMITERS = (",", ";", "\t", "|")
_DELIMITER_LINE = re.compile(r'"?sep=(?P<delimiter>[^"])"?\s*', re.IGNORECASE)
_HEAD_BYTES = 16
_LINE_ENDS = ("\n", "\r")


class UnreadableFile(Exception):
    """The file cannot be imported at all."""


class BrokenLine(Struct, frozen=True):
    """A line that does not begin a row: its parts between delimiters, its text, and the fault."""

    cells: list[str]
    text: str
    reason: str


CsvRow = list[str] | BrokenLine


class CsvFile(Struct, frozen=True):
    """A CSV file: its encoding, its delimiter, and the names in its first row."""

    path: Path
    encoding: str
    delimiter: str
    names: list[str]
    header_row: int

    def rows(self, is_row: Callable[[list[str]], bool]) -> Iterator[tuple[int, CsvRow]]:
        """Yield the number of each row after the names, and its cells without outer blanks.

        `is_row` returns whether cells make a valid row: with an unclosed quote, further rows would
        become a part of a cell.
        """
        with self.path.open(newline="", encoding=self.encoding) as file:
            yield from _rows(self, file, is_row)


def open_csv(path: Path, encoding: str | None, is_known: Callable[[str], bool]) -> CsvFile:
    """Open a file; the delimiter is the one under which the most column names are known.

    Raises:
        UnreadableFile: the file is not text, is in another encoding, or its first row is broken.
    """
    encoding = _encoding_of(path, encoding)
    header_row = 0
    line = ""
    marked = None
    for line in _lines_of(path, encoding):
        header_row += 1
        if header_row == 1 and (match := _DELIMITER_LINE.fullmatch(line)):
            marked = match["delimiter"]
            line = ""
        elif line.strip(" \t\r\n,;|"):
            break
    delimiters = _DELIMITERS if marked is None else (marked,)
    headers = {each: _cells_of(line, each) for each in delimiters}

    def score(delimiter: str) -> tuple[int, int]:
        names = headers[delimiter]
        return sum(map(is_known, names)), len(names)

    delimiter = max(delimiters, key=score)
    if not _pattern(delimiter).fullmatch(line):
        raise UnreadableFile(f"{path}: a quote in the row of column names is not closed or stray")
    return CsvFile(path, encoding, delimiter, headers[delimiter], header_row)


def _cells_of(line: str, delimiter: str) -> list[str]:
    reader = csv.reader([line], delimiter=delimiter, skipinitialspace=True)
    return [cell.strip() for cell in next(reader, [])]


def _encoding_of(path: Path, encoding: str | None) -> str:
    """Return the encoding of a file: that of its byte order mark, the given one, or UTF-8."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_SPREADSHEETS):
        raise UnreadableFile(f"{path}: is a spreadsheet and not CSV; save it as CSV (UTF-8)")
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    # Later zero bytes belong to single rows.
    if encoding is None and b"\0" in head:
        raise UnreadableFile(
            f"{path}: begins with zero bytes: it is not text, or is UTF-16 without a byte order "
            "mark; save it as UTF-8, or name its encoding, as in --encoding utf-16-le"
        )
    return encoding or "utf-8"


def _lines_of(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of a file.

    Raises:
        UnreadableFile: a line is not in the encoding.
    """
    try:
        with path.open(newline="", encoding=encoding) as file:
            yield from file
    except LookupError as error:
        raise UnreadableFile(
            f"--encoding: there is no encoding {encoding}; examples are utf-8 and cp1252"
        ) from error
    except UnicodeError as error:
        raise UnreadableFile(f"{path}: {_undecodable(path, encoding, error)}") from error


def require_text(file: CsvFile) -> None:
    """Require that the whole file is in its encoding.

    Raises:
        UnreadableFile: a line is not.
    """
    deque(_lines_of(file.path, file.encoding), maxlen=0)


def _undecodable(path: Path, encoding: str, error: UnicodeError) -> str:
    """Return the message about the line that is not in the encoding, with the remedy."""
    what = encoding.upper().removesuffix("-SIG")
    if "16" not in what and "32" not in what:
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as fault:
                return (
                    f"is not in {what}: byte 0x{line[fault.start]:02x} in line {number}; save it "
                    "as UTF-8, or name its encoding, as in --encoding cp1252"
                )
    return f"is not in {what}: {error}; save it as UTF-8"


class _Lines:
    """The lines of a file; those of a broken row can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 1
        """The number of the first line that was taken."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def begin_row(self) -> None:
        """Discard the lines of the previous row."""
        self.number += len(self.taken)
        self.taken.clear()

    def return_all_but_first(self) -> str:
        """Return the first line of the row; the lines after it will be read again."""
        first, *others = self.taken
        self._again.extendleft(reversed(others))
        self.taken[:] = [first]
        return first


def _rows(
    csv_file: CsvFile, file: Iterator[str], is_row: Callable[[list[str]], bool]
) -> Iterator[tuple[int, CsvRow]]:
    lines = _Lines(file)
    delimiter, number = csv_file.delimiter, csv_file.header_row
    deque(islice(lines, number), maxlen=0)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        lines.begin_row()
        number += 1
        cells: list[str] = []
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            reason: str | None = _reason_of(error, lines)
        else:
            reason = _fault_of(lines, delimiter, is_row)
            if 0 < len(cells) < len(csv_file.names) and not lines.taken[-1].endswith(_LINE_ENDS):
                reason = f"the file ends in this row, after {len(cells)} cells"
        if reason is not None:
            text = lines.return_all_but_first().rstrip("\r\n")
            parts = [part.strip().strip('"') for part in text.split(delimiter)]
            yield number, BrokenLine(parts, text, reason)
        elif any(cells):
            yield number, cells


def _reason_of(error: csv.Error, lines: _Lines) -> str:
    if len(lines.taken) == 1 and "expected after" in str(error):
        return (
            f"line {lines.number} goes on after the quote that closes a cell; "
            'a quote inside a cell is written twice, as in "27"" monitor"'
        )
    if len(lines.taken) == 1 and "limit" in str(error):
        return f"line {lines.number} has a cell of more than {csv.field_size_limit()} characters"
    return f"a quote that is opened in line {lines.number} is not closed"


def _fault_of(lines: _Lines, delimiter: str, is_row: Callable[[list[str]], bool]) -> str | None:
    """Return the fault of a row that the reader accepts, or None."""
    if len(lines.taken) == 1 and '"' not in lines.taken[0]:
        return None
    if not _pattern(delimiter).fullmatch("".join(lines.taken)):
        return (
            f"line {lines.number} has a quote inside a cell that does not begin with one; "
            'such a cell is written as "27"" monitor"'
        )
    for line_number, line in enumerate(lines.taken[1:], start=lines.number + 1):
        if is_row(_cells_of(line, delimiter)):
            return (
                f"a quote that is opened in line {lines.number} is not closed: "
                f"line {line_number} would be a part of its cell, and is a row"
            )
    return None


@cache
def _pattern(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of a row (RFC 4180, section 2), with blanks before a quote."""
    mark = re.escape(delimiter)
    cell = rf' *(?:"[^"]*+(?:""[^"]*+)*+"|[^"{mark}\r\n]*+)'
    return re.compile(rf"{cell}(?:{mark}{cell})*+[\r\n]*+")

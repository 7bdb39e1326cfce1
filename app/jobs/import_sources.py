"""Opens the files of an import: determines what they contain, and reads their rows."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from math import isnan
from pathlib import Path
from typing import Any

from msgspec import Struct

from app.core.calendar import ShopDays
from app.jobs.csv_rows import BrokenLine, CsvRow, UnreadableFile, open_csv, require_text
from app.schemas.csv_cells import unguarded
from app.schemas.data.import_schema import (
    GUARDED,
    ROW_KINDS,
    BrokenRow,
    column_key,
    columns_of,
    parse_row,
)
from app.services.data.import_outcome import Numbered

NOTES = ("file", "row", "reason", "kind")
"""The columns that a file of refused rows has in addition to those of its kinds."""

_GROUPING = ("reference", "product_sku", "sku")
_BATCH_ROWS = 5_000
# Rows are counted as in a spreadsheet, where the column names are row 1.
_FIRST_ROW = 2
_KEYS = {column_key(name): name for kind in ROW_KINDS.values() for name in columns_of(kind)} | {
    name: name for name in NOTES
}
# The zone is only used to distinguish a row from text, for which any zone does.
_ANY_ZONE = ShopDays("UTC")


class Source(Struct, frozen=True):
    """Rows to import: their file, kind, columns and number, and a function that reads them."""

    path: Path
    kind: str
    columns: Sequence[str]
    row_count: int
    read: Callable[[], Iterator[Numbered]]
    torn: frozenset[str] = frozenset()
    """The groups whose rows are not adjacent."""

    @property
    def is_grouped(self) -> bool:
        """Whether several rows can belong together."""
        return is_grouped(self.kind, self.columns)


def open_sources(path: Path, encoding: str | None = None) -> list[Source]:
    """Open a file and determine the kinds of its rows: one, or several in a file of refused rows.

    Raises:
        UnreadableFile: the file does not exist, has another format, or its columns match no kind.
    """
    if not path.is_file():
        raise UnreadableFile(f"{path}: no such file")
    try:
        if path.suffix.lower() == ".csv":
            return _csv_sources(path, encoding)
        if path.suffix.lower() == ".parquet":
            return [_parquet_source(path)]
    except OSError as error:
        raise UnreadableFile(f"{path}: cannot be read: {error}") from error
    raise UnreadableFile(
        f"{path}: must be a .csv or a .parquet file; a spreadsheet can be saved as CSV"
    )


def _csv_sources(path: Path, encoding: str | None) -> list[Source]:
    file = open_csv(path, encoding, lambda name: column_key(name) in _KEYS)
    require_text(file)
    names = _columns_of(path, file.names)
    has_notes = set(NOTES) <= set(names)

    def source_of(kind: str, *, takes_others: bool = False) -> Source:
        columns = columns_of(ROW_KINDS[kind])
        # The other columns of a file of refused rows belong to rows of other kinds.
        own = [name if name in columns else "" for name in names] if has_notes else names

        is_guarded = kind == "products" and "product_sku" in own

        def is_row(cells: list[str]) -> bool:
            row = {name: cell for name, cell in zip(own, cells) if name}
            is_whole = len(cells) == len(names)
            return is_whole and not isinstance(parse_row(ROW_KINDS[kind], row, _ANY_ZONE), str)

        def read() -> Iterator[Numbered]:
            for number, cells in file.rows(is_row):
                row = _row_of(cells, own, file.names)
                if has_notes and (found := _kind_in(cells, names)) != kind:
                    if found in ROW_KINDS or not takes_others:
                        continue
                    row = BrokenRow(row, f"kind: must be one of {', '.join(ROW_KINDS)}", ())
                yield number, _unguarded(row) if is_guarded else row

        row_count, torn = _count_rows(group_of(kind, row) for _, row in read())
        return Source(path, kind, own, row_count, read, torn)

    if not has_notes:
        return [source_of(_kind_of(path, names, file.names))]
    sources = [source_of(kind, takes_others=kind == "products") for kind in ROW_KINDS]
    return [each for each in sources if each.row_count] or sources[:1]


def _kind_in(cells: CsvRow, names: list[str]) -> str:
    values = cells.cells if isinstance(cells, BrokenLine) else cells
    place = names.index("kind")
    return values[place].lower() if place < len(values) else ""


def _row_of(cells: CsvRow, names: list[str], shown_names: list[str]) -> Mapping[str, Any]:
    """Return a row by columns; a row with more cells than columns is broken."""
    if isinstance(cells, BrokenLine):
        return BrokenRow(_named(names, cells.cells), cells.reason, [cells.text])
    if len(cells) <= len(names) and "" not in names:
        return dict(zip(names, cells))
    row = _named(names, cells)
    nameless = [
        cell for place, cell in enumerate(cells) if cell and not _has_name(place, shown_names)
    ]
    if nameless:
        named = sum(map(bool, shown_names))
        found = ", ".join(map(repr, nameless))
        return BrokenRow(row, f"has more cells than the {named} columns: {found}", nameless)
    return row


def _has_name(place: int, names: Sequence[str]) -> bool:
    return place < len(names) and bool(names[place])


def _named(names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    return {name: cell for name, cell in zip(names, cells) if name}


def _unguarded(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row without the apostrophes that an export adds to its texts."""
    if not any("'" in str(row.get(name)) for name in GUARDED):
        return row
    texts = {name: unguarded(str(row[name])) for name in GUARDED if row.get(name)}
    if isinstance(row, BrokenRow):
        return BrokenRow({**row, **texts}, row.reason, row.rest)
    return {**row, **texts}


def _parquet_source(path: Path) -> Source:
    try:
        # Only imports of parquet files need this library of 100 MB.
        from pyarrow import ArrowException, parquet  # pylint: disable=import-outside-toplevel
    except ImportError as error:
        raise UnreadableFile(
            f"{path}: parquet files need pyarrow (uv sync --group data)"
        ) from error

    try:
        file = parquet.ParquetFile(path)
        given = list(file.schema_arrow.names)
        names = _columns_of(path, given)
        kind = _kind_of(path, names, given)
        by_name = dict(zip(given, names))
        needed = [each for each in given if by_name[each] in _GROUPING]
        groups = (
            group_of(kind, {by_name[name]: _plain(cell) for name, cell in row.items()})
            for row in (_rows_of(file, needed) if is_grouped(kind, names) else ())
        )
        _, torn = _count_rows(groups)
    except ArrowException as error:
        raise UnreadableFile(f"{path}: is not a parquet file: {error}") from error

    def read() -> Iterator[Numbered]:
        rows = enumerate(_rows_of(parquet.ParquetFile(path)), start=_FIRST_ROW)
        for number, row in rows:
            yield number, {by_name[name]: _plain(cell) for name, cell in row.items()}

    return Source(path, kind, names, file.metadata.num_rows, read, torn)


def _plain(cell: Any) -> Any:
    """Return a cell as an import accepts it; a float, which may be inexact, becomes a decimal."""
    if isinstance(cell, float):
        # Libraries for tables write NaN for an empty cell.
        return None if isnan(cell) else Decimal(repr(cell))
    return cell.strip() if isinstance(cell, str) else cell


def _rows_of(file: Any, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
        yield from batch.to_pylist()


def is_grouped(kind: str, columns: Iterable[str]) -> bool:
    """Return whether several rows of a file can belong together."""
    return kind == "orders" or (kind == "products" and "product_sku" in columns)


def group_of(kind: str, row: Mapping[str, Any]) -> Any:
    """Return the value that rows which belong together share; None if a row stands alone."""
    if kind == "orders":
        return row.get("reference")
    return (row["product_sku"] or row.get("sku")) if "product_sku" in row else None


def _count_rows(each_group: Iterable[Any]) -> tuple[int, frozenset[str]]:
    """Return the number of rows and the groups whose rows are not adjacent."""
    row_count, groups = 0, Counter[str]()
    for name, group in groupby(each_group):
        row_count += sum(1 for _ in group)
        groups[str(name or "")] += 1
    del groups[""]
    return row_count, frozenset(each for each, count in groups.items() if count > 1)


def _columns_of(path: Path, given: Sequence[str]) -> list[str]:
    """Return the column of each name, spelled as in the schemas; unknown names stay unchanged."""
    columns = [_KEYS.get(column_key(name), name) for name in given]
    for name, count in Counter(columns).items():
        if name and count > 1:
            places = [
                f"{place} ({given[place - 1]})"
                for place, column in enumerate(columns, start=1)
                if column == name
            ]
            raise UnreadableFile(
                f"{path}: has a duplicate column {name}: columns {' and '.join(places)}; "
                "rename or remove one"
            )
    return columns


def _kind_of(path: Path, columns: Sequence[str], given: Sequence[str]) -> str:
    named = set(filter(None, columns))
    for kind, schema in ROW_KINDS.items():
        allowed = columns_of(schema)
        if {name for name, is_required in allowed.items() if is_required} <= named:
            if unknown := sorted(named - allowed.keys()):
                raise UnreadableFile(
                    f"{path}: {kind} have no column {', '.join(unknown)}; rename or remove it. "
                    f"They have: {', '.join(allowed)}"
                )
            return kind
    found = ", ".join(map(repr, filter(None, given))) or "none"
    lines = [f"{path}: the columns match no kind of file. Found: {found}"]
    for kind, schema in ROW_KINDS.items():
        needed = [name for name, is_required in columns_of(schema).items() if is_required]
        missing = [name for name in needed if name not in named]
        lines.append(f"  {kind} need {', '.join(needed)}; missing: {', '.join(missing)}")
    raise UnreadableFile("\n".join(lines))

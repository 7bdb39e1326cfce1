"""Imports files of products, users and orders, with a progress bar."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from app.schemas.data.import_schema import ROW_KINDS, columns_of
from app.services.data.import_service import ImportService, Numbered, Outcome
from app.wiring.data import provide_imports
from app.wiring.resources import Shop

_CHUNK_ROWS = 5_000
# Counted as in an editor or a spreadsheet, where the column names are row 1.
_FIRST_ROW = 2


class UnreadableFile(Exception):
    """The file cannot be imported at all."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import: its kind, its number of rows and a function that reads them."""

    path: Path
    kind: str
    row_count: int
    read: Callable[[], Iterator[Numbered]]
    torn: frozenset[str] = field(default=frozenset())
    """References of orders whose rows are not adjacent."""


async def import_files(
    shop: Shop, paths: Sequence[Path], console: Console | None = None
) -> dict[Path, Outcome]:
    """Load files in the order of their dependencies; return the outcome of each.

    Each chunk is a transaction of its own: an import that breaks off is run again and goes on.

    Raises:
        UnreadableFile: a file cannot be read; nothing has been loaded then.
    """
    order = list(ROW_KINDS)
    sources = sorted(
        (open_source(path) for path in dict.fromkeys(paths)),
        key=lambda source: order.index(source.kind),
    )
    outcomes: dict[Path, Outcome] = {}
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
    )
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console
    ) as progress:
        for source in sources:
            task = progress.add_task(source.kind, total=source.row_count)
            outcome = outcomes[source.path] = Outcome()
            for chunk in _chunks(source, outcome):
                async with shop.database.write() as session:
                    outcome.include(await _load(provide_imports(session, shop), source.kind, chunk))
                progress.advance(task, len(chunk))
            progress.update(task, completed=source.row_count)
    return outcomes


def open_source(path: Path) -> Source:
    """Open a file and determine its kind.

    Raises:
        UnreadableFile: it does not exist, has another format, or its columns match no kind.
    """
    if not path.is_file():
        raise UnreadableFile(f"{path}: no such file")
    if path.suffix == ".csv":
        return _csv_source(path)
    if path.suffix == ".parquet":
        return _parquet_source(path)
    raise UnreadableFile(f"{path}: must be a .csv or a .parquet file")


def _csv_source(path: Path) -> Source:
    def read() -> Iterator[Numbered]:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            names = next(reader, [])
            for number, cells in enumerate(reader, start=_FIRST_ROW):
                if cells:
                    beyond = {"cells": cells[len(names) :]} if len(cells) > len(names) else {}
                    yield number, dict(zip(names, cells)) | beyond

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            columns = next(csv.reader(file), [])
        kind = _kind_of(path, columns)
        row_count, torn = _count_rows(row.get("reference") for _, row in read())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path}: is not a CSV file in UTF-8: {error}") from error
    return Source(path, kind, row_count, read, torn)


def _parquet_source(path: Path) -> Source:
    try:
        # Only imports of parquet files need this library of 100 MB.
        from pyarrow import ArrowException, parquet  # pylint: disable=import-outside-toplevel
    except ImportError as error:
        raise UnreadableFile(
            f"{path}: parquet files need pyarrow (uv sync --group data)"
        ) from error

    def read() -> Iterator[Numbered]:
        rows = enumerate(_rows_of(parquet.ParquetFile(path)), start=_FIRST_ROW)
        for number, row in rows:
            for name, cell in row.items():
                if isinstance(cell, float):
                    row[name] = Decimal(repr(cell))
            yield number, row

    try:
        file = parquet.ParquetFile(path)
        kind = _kind_of(path, file.schema_arrow.names)
        references = (row.get("reference") for row in _rows_of(file, ["reference"]))
        _, torn = _count_rows(references if kind == "orders" else ())
    except (OSError, ArrowException) as error:
        raise UnreadableFile(f"{path}: is not a parquet file: {error}") from error
    return Source(path, kind, file.metadata.num_rows, read, torn)


def _rows_of(file: Any, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    for batch in file.iter_batches(batch_size=_CHUNK_ROWS, columns=columns):
        yield from batch.to_pylist()


def _count_rows(references: Iterable[Any]) -> tuple[int, frozenset[str]]:
    """Return the number of rows and the references whose rows are not adjacent."""
    row_count, groups = 0, Counter[str]()
    for reference, group in groupby(references):
        row_count += sum(1 for _ in group)
        groups[str(reference or "")] += 1
    del groups[""]
    return row_count, frozenset(each for each, count in groups.items() if count > 1)


def _kind_of(path: Path, columns: Iterable[str]) -> str:
    columns = list(columns)
    named = set(columns)
    if len(named) < len(columns):
        raise UnreadableFile(f"{path}: has a duplicate column")
    for kind, schema in ROW_KINDS.items():
        required, allowed = columns_of(schema)
        if required <= named:
            if unknown := named - allowed:
                raise UnreadableFile(f"{path}: {kind} have no column {', '.join(sorted(unknown))}")
            return kind
    wanted = "; ".join(
        f"{kind}: {', '.join(sorted(columns_of(schema)[0]))}" for kind, schema in ROW_KINDS.items()
    )
    raise UnreadableFile(f"{path}: the columns match no kind of file ({wanted})")


def _chunks(source: Source, outcome: Outcome) -> Iterator[Sequence[Numbered]]:
    rows = source.read()
    if source.kind != "orders":
        while chunk := list(islice(rows, _CHUNK_ROWS)):
            yield chunk
        return
    chunk = []
    for reference, group in groupby(rows, key=lambda numbered: numbered[1].get("reference")):
        whole = list(group)
        if str(reference) in source.torn:
            outcome.refused.append((whole[0][0], f"order {reference}: its rows are not adjacent"))
            continue
        if chunk and len(chunk) + len(whole) > _CHUNK_ROWS:
            yield chunk
            chunk = []
        chunk += whole
    if chunk:
        yield chunk


async def _load(imports: ImportService, kind: str, chunk: Sequence[Numbered]) -> Outcome:
    if kind == "products":
        return await imports.add_products(chunk)
    if kind == "users":
        return await imports.add_users(chunk)
    return await imports.add_orders(chunk)

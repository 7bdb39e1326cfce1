"""Writes the rows that an import refused to a file that can be corrected and imported."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.jobs.import_sources import NOTES, Source
from app.schemas.csv_cells import guarded
from app.schemas.data.import_schema import (
    GUARDED,
    ROW_KINDS,
    VARIANT_COLUMNS,
    BrokenRow,
    columns_of,
)
from app.services.data.import_outcome import Outcome


def write_refused(path: Path, sources: Sequence[Source], outcomes: Mapping[Path, Outcome]) -> None:
    """Write every refused row with its file, number, reason and kind to a CSV file."""
    refused = [
        (source, reasons)
        for source in sources
        if (reasons := dict(outcomes.get(source.path, Outcome()).refused))
    ]
    columns = _columns_of([source for source, _ in refused] or sources)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*NOTES, *columns))
        for source, reasons in refused:
            for number, row in source.read():
                if number in reasons:
                    notes = (source.path, number, reasons[number], source.kind)
                    rest = row.rest if isinstance(row, BrokenRow) else ()
                    is_guarded = source.kind == "products" and "product_sku" in columns
                    cells = (_cell(row.get(name), name, is_guarded) for name in columns)
                    writer.writerow((*notes, *cells, *rest))


def _columns_of(sources: Sequence[Source]) -> list[str]:
    """Return the columns of the kinds of files, and those of variants only if a file has them."""
    kinds = {source.kind for source in sources}
    given = {name for source in sources for name in source.columns}
    columns = dict.fromkeys(
        name for kind, schema in ROW_KINDS.items() if kind in kinds for name in columns_of(schema)
    )
    return [name for name in columns if name in given or name not in VARIANT_COLUMNS]


def _cell(value: Any, name: str, is_guarded: bool) -> Any:
    """Return a cell, guarded again where reading a file of variants has removed the apostrophe."""
    return guarded(value) if is_guarded and name in GUARDED and isinstance(value, str) else value

"""Writes the rows that an import refused to a file that can be corrected and imported."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.jobs.import_sources import NOTES, Source
from app.schemas.data.import_schema import ROW_KINDS, BrokenRow, columns_of
from app.services.data.import_outcome import Outcome


def write_refused(path: Path, sources: Sequence[Source], outcomes: Mapping[Path, Outcome]) -> None:
    """Write every refused row with its file, number, reason and kind to a CSV file."""
    refused = [
        (source, reasons)
        for source in sources
        if (reasons := dict(outcomes.get(source.path, Outcome()).refused))
    ]
    kinds = {source.kind for source in [source for source, _ in refused] or sources}
    columns = dict.fromkeys(
        name for kind, schema in ROW_KINDS.items() if kind in kinds for name in columns_of(schema)
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*NOTES, *columns))
        for source, reasons in refused:
            for number, row in source.read():
                if number in reasons:
                    notes = (source.path, number, reasons[number], source.kind)
                    rest = row.rest if isinstance(row, BrokenRow) else ()
                    writer.writerow((*notes, *(row.get(name) for name in columns), *rest))

"""The `lavka import` command, which loads or checks files."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

from rich.console import Console

from app.cli.prepare import prepare_shop
from app.database.migrate import is_migrated
from app.errors import Conflict
from app.jobs.file_import import UnreadableFile, import_sources, open_all
from app.jobs.refused_rows import write_refused
from app.schemas.data.import_schema import ROW_KINDS, columns_of
from app.services.data.import_outcome import ImportOptions, Outcome
from app.settings import Settings
from app.wiring.lifecycle import migrate_shop, require_same_currency
from app.wiring.resources import Shop

_SHOWN_ROWS = 20
_DESCRIPTION = """\
Load files into the shop of the settings. The first row of a file has the names of its columns,
which determine its kind; [columns] may be absent. docs/importing.md describes each column.

{columns}

A row that exists (a product by SKU, a user by e-mail address, an order by reference) stays
unchanged. If it differs, it is refused as "different", or changed with --update. An interrupted
import can be run again.

Orders of the past do not change the current stock. With --move-stock they take their units out of
it, and are refused if it does not suffice.

The exit code is 0 if every row was loaded, 1 if a row was refused, 2 if nothing was done.
"""


def add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "import",
        help="load products, users and orders from CSV or parquet files",
        description=_DESCRIPTION.format(columns="\n".join(map(_columns_line, ROW_KINDS))),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a .csv or .parquet file"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="read everything and change nothing; report what would happen to each row",
    )
    parser.add_argument(
        "--update", action="store_true", help="change existing rows that differ from their row"
    )
    parser.add_argument(
        "--move-stock",
        action="store_true",
        help="take the units of orders out of the current stock",
    )
    parser.add_argument(
        "--refused",
        type=Path,
        metavar="FILE",
        help="write every row that was not loaded, with its reason, to a CSV file, which can be "
        "corrected and imported",
    )
    parser.add_argument(
        "--encoding",
        metavar="NAME",
        help="the encoding of CSV files without a byte order mark, such as cp1252 (utf-8)",
    )
    parser.set_defaults(run=_import)


def _columns_line(kind: str) -> str:
    columns = columns_of(ROW_KINDS[kind])
    required = [name for name, is_required in columns.items() if is_required]
    optional = [name for name, is_required in columns.items() if not is_required]
    text = f"{kind}: {' '.join(required)}" + (f" [{' '.join(optional)}]" if optional else "")
    return fill(text, 98, initial_indent="  ", subsequent_indent="    ")


async def _import(arguments: argparse.Namespace, settings: Settings) -> int:
    refused: Path | None = arguments.refused
    if refused is not None and refused.resolve() in {each.resolve() for each in arguments.files}:
        raise UnreadableFile(f"--refused {refused}: is a file to import; name another one")
    options = ImportOptions(
        updates_existing=arguments.update,
        moves_stock=arguments.move_stock,
        is_check=arguments.check,
    )
    sources = open_all(arguments.files, arguments.encoding)
    if refused is not None:
        # The file is opened before the import, so that an unwritable one is found at once.
        write_refused(refused, sources, {})
    async with _opened(settings, is_check=options.is_check) as shop:
        outcomes = await import_sources(shop, sources, Console(stderr=True), options)
    if refused is not None:
        write_refused(refused, sources, outcomes)
    for path, outcome in outcomes.items():
        report = _report_check if options.is_check else _report
        report(path, outcome)
    if options.is_check:
        print("this was a check: nothing was changed")
    return 1 if any(outcome.refused for outcome in outcomes.values()) else 0


@asynccontextmanager
async def _opened(settings: Settings, *, is_check: bool) -> AsyncIterator[Shop]:
    """Open the shop; a check does not migrate it, and uses an empty shop if there is none."""
    is_absent = settings.db_host is None and not Path(settings.data_place).exists()
    with TemporaryDirectory() as folder:
        if is_check and is_absent:
            settings = settings.model_copy(update={"data_dir": Path(folder)})
        shop = Shop(settings)
        try:
            if is_check and is_absent:
                await migrate_shop(shop)
            elif not is_check:
                await prepare_shop(shop)
            elif not await is_migrated(shop.database):
                raise Conflict(f"{settings.data_place}: is not migrated; run: lavka migrate")
            await require_same_currency(shop)
            yield shop
        finally:
            await shop.close()


def _report(path: Path, outcome: Outcome) -> None:
    print(
        f"{path}: {outcome.row_count} rows: {outcome.added} added, {len(outcome.updated)} updated, "
        f"{outcome.unchanged} unchanged, {len(outcome.refused)} refused"
    )
    for number, reason in outcome.refused[:_SHOWN_ROWS]:
        print(f"{path}:{number}: {reason}", file=sys.stderr)
    if (more := len(outcome.refused) - _SHOWN_ROWS) > 0:
        print(f"{path}: and {more} more (--refused FILE writes all of them)", file=sys.stderr)


def _report_check(path: Path, outcome: Outcome) -> None:
    print(
        f"{path}: {outcome.row_count} rows: {outcome.added} would be added, "
        f"{len(outcome.updated)} updated, {outcome.unchanged} unchanged, "
        f"{len(outcome.refused)} refused"
    )
    notes = [(number, f"refused: {reason}") for number, reason in outcome.refused]
    notes += [(number, f"updated: {change}") for number, change in outcome.updated]
    for number, note in sorted(notes):
        print(f"{path}:{number}: {note}")

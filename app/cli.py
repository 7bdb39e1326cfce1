"""The `lavka` command: what is done to a shop beside serving it."""

import argparse
import asyncio
import csv
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from app.database import outage_reason
from app.dependencies import Shop
from app.errors import Unavailable
from app.importing import UnreadableFile, import_files
from app.services.import_service import Outcome
from app.settings import InvalidSettings, get_settings

_SHOWN_REFUSALS = 20


def main(argv: list[str] | None = None) -> None:
    """Run a command and exit: 0 if all was done, 1 if some was refused, 2 if nothing was done."""
    arguments = _parser().parse_args(argv)
    try:
        sys.exit(asyncio.run(_import(arguments.files, arguments.refused)))
    except Unavailable as error:
        print(f"error: {get_settings().data_place}: {outage_reason(error)}", file=sys.stderr)
        sys.exit(2)
    except (InvalidSettings, UnreadableFile, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped; run it again to go on", file=sys.stderr)
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lavka", description="Commands for a shop, beside serving it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    imports = commands.add_parser(
        "import",
        help="load products, users and orders from CSV or parquet files",
        description="Load files into the shop that the settings name. What is there already is "
        "left as it is, so that an import that broke off is simply run again. "
        "The columns tell what a file holds: "
        "products (sku name category price [description stock_quantity is_active]), "
        "users (username email first_name last_name), "
        "orders, one row a line (reference username placed_at sku quantity [unit_price status]).",
    )
    imports.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a .csv or .parquet file"
    )
    imports.add_argument(
        "--refused", type=Path, metavar="FILE", help="write every refused row and its reason here"
    )
    return parser


async def _import(files: list[Path], refused: Path | None) -> int:
    if refused is not None:
        # Before the work, so that a place that cannot be written to costs nothing.
        _write_refused(refused, {})
    shop = Shop(get_settings())
    try:
        await shop.prepare()
        outcomes = await import_files(shop, files, Console(stderr=True))
    finally:
        await shop.close()
    for path, outcome in outcomes.items():
        _report(path, outcome)
    if refused is not None:
        _write_refused(refused, outcomes)
    return 1 if any(outcome.refused for outcome in outcomes.values()) else 0


def _report(path: Path, outcome: Outcome) -> None:
    print(
        f"{path}: {outcome.added} rows added, {outcome.existing} there already, "
        f"{len(outcome.refused)} refused"
    )
    for number, reason in outcome.refused[:_SHOWN_REFUSALS]:
        print(f"{path}:{number}: {reason}", file=sys.stderr)
    if (more := len(outcome.refused) - _SHOWN_REFUSALS) > 0:
        print(f"{path}: and {more} more (--refused FILE writes all of them)", file=sys.stderr)


def _write_refused(path: Path, outcomes: Mapping[Path, Outcome]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "row", "reason"))
        for source, outcome in outcomes.items():
            writer.writerows((source, number, reason) for number, reason in outcome.refused)

"""The `lavka export` command, which writes products to a file."""

import argparse
import sys
from io import TextIOWrapper
from pathlib import Path

from app.database.migrate import is_migrated
from app.errors import Conflict
from app.settings import Settings
from app.wiring.areas.data import provide_product_export
from app.wiring.lifecycle import require_same_currency
from app.wiring.resources import Shop


def add_export(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "export",
        help="write products to a CSV file",
        description="Write all products that are not archived to a CSV file that lavka import "
        "reads, with a row for each variant. The shop may run meanwhile.",
    )
    parser.add_argument("kind", choices=("products",), help="the kind of the rows")
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the file, or - for standard output"
    )
    parser.set_defaults(run=_export)


async def _export(arguments: argparse.Namespace, settings: Settings) -> int:
    if settings.data_file is not None and not settings.data_file.exists():
        raise Conflict(f"there is no database at {settings.data_place}; set DATA_DIR")
    target: Path = arguments.file
    shop = Shop(settings)
    try:
        if not await is_migrated(shop.database):
            raise Conflict(f"{settings.data_place}: is not migrated; run: lavka migrate")
        await require_same_currency(shop)
        if target == Path("-"):
            if isinstance(sys.stdout, TextIOWrapper):
                # The output has the same bytes as a file, in any locale.
                sys.stdout.reconfigure(encoding="utf-8", newline="")
            async for part in provide_product_export(shop).parts():
                sys.stdout.write(part)
        else:
            await _write(shop, target)
    finally:
        await shop.close()
    return 0


async def _write(shop: Shop, target: Path) -> None:
    """Write a file, which exists only if it is complete."""
    unfinished = target.with_name(f"{target.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            async for part in provide_product_export(shop).parts():
                file.write(part)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    print(f"{target}: {target.stat().st_size:,} bytes written")

"""`lavka backup`: a copy of a SQLite database while the shop runs."""

import argparse
import sqlite3
import sys
from pathlib import Path

from app.database.data_file import back_up
from app.settings import Settings


def add_backup(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "backup",
        help="copy the SQLite database to a file",
        description="Copy a consistent snapshot of the SQLite database of the settings, also while "
        "the shop runs. To restore it, stop the shop and replace lavka.db by the copy. "
        "PostgreSQL has pg_dump for this.",
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the copy, which must not exist yet"
    )
    parser.set_defaults(run=_back_up)


async def _back_up(arguments: argparse.Namespace, settings: Settings) -> int:
    target: Path = arguments.file
    if settings.data_file is None:
        return _refuse(f"{settings.data_place} is PostgreSQL; use pg_dump (docs/operations.md)")
    if not settings.data_file.exists():
        return _refuse(f"there is no database at {settings.data_place}; set DATA_DIR")
    try:
        size = back_up(settings.data_file, target)
    except FileExistsError:
        return _refuse(f"{target} exists; choose another name")
    except OSError as error:
        return _refuse(f"cannot write {target}: {error.strerror}")
    except sqlite3.Error as error:
        return _refuse(f"{settings.data_place}: {error}")
    print(f"{settings.data_place}: {size:,} bytes copied to {target}")
    return 0


def _refuse(reason: str) -> int:
    print(f"error: {reason}", file=sys.stderr)
    return 2

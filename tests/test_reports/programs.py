"""Runs the shop's programs, and kills them with all their children."""

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ROOT, Program, started


@contextmanager
def running(
    folder: Path, environment: Mapping[str, str], *program: str, by_python: bool = False
) -> Iterator[Program]:
    """Run a module of Python, whose log goes to a folder; it is killed at the end."""
    number = len(list(folder.glob("program-*.log")))
    with (
        (folder / f"program-{number:02}.log").open("wb") as log,
        started(
            ["-m", *program],
            folder=ROOT,
            settings=environment,
            output=log,
            errors=log,
            leads="session",
            by_python=by_python,
        ) as process,
    ):
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                # A group of its own: nobody else is in it.
                os.killpg(process.pid, signal.SIGKILL)


def log_of(folder: Path) -> str:
    """Return what the programs have said."""
    return "\n".join(each.read_text("utf-8") for each in sorted(folder.glob("program-*.log")))

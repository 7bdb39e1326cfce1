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
    """Run a Python module with its log in a folder, and kill it at the end."""
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
                # The program has a process group of its own, which is killed as a whole.
                os.killpg(process.pid, signal.SIGKILL)


def log_of(folder: Path) -> str:
    """Return the log of the programs."""
    return "\n".join(each.read_text("utf-8") for each in sorted(folder.glob("program-*.log")))

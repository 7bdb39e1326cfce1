"""Runs the `lavka` command in this process, on settings that are handed in."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from app.cli import main
from app.settings import Settings


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def lavka(settings: Settings, *arguments: str | Path) -> Ended:
    """Run the command to its end."""
    output, errors = io.StringIO(), io.StringIO()

    def run() -> object:
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments], settings)
        return ended.value.code

    with (
        redirect_stdout(output),
        redirect_stderr(errors),
        # As wide as a terminal is that tells nothing of itself.
        patch.dict(os.environ, COLUMNS="80"),
        # The command runs an event loop of its own, and the caller's may be running here.
        ThreadPoolExecutor(max_workers=1) as thread,
    ):
        code = thread.submit(run).result()
    assert isinstance(code, int)
    return Ended(code, output.getvalue(), errors.getvalue())

"""Runs the shop's command-line programs inside the test process."""

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from app import server
from app.cli import main as cli
from app.settings import Settings, get_settings
from main import create_app
from tests.support.processes import environment


@dataclass(frozen=True)
class Ended:
    """The exit code of a program, and its output."""

    returncode: int
    stdout: str
    stderr: str


def lavka(settings: Settings, *arguments: str | Path) -> Ended:
    """Run the `lavka` command with these settings."""
    return ended(lambda: cli.main([str(each) for each in arguments], settings))


def main_py(settings: Settings, folder: Path, *arguments: str) -> Ended:
    """Run main.py in a folder, with arguments or settings that make it exit before it serves."""
    get_settings.cache_clear()
    try:
        with (
            patch.dict(os.environ, environment(settings), clear=True),
            # It would replace the log configuration of the tests.
            patch("app.server.begin_process"),
            chdir(folder),
        ):
            return ended(lambda: server.main(create_app, list(arguments)))
    finally:
        get_settings.cache_clear()


def ended(program: Callable[[], None]) -> Ended:
    """Run a program that ends with SystemExit, and capture its output."""
    output, errors = io.StringIO(), io.StringIO()

    def run() -> str | int | None:
        with pytest.raises(SystemExit) as exit_of:
            program()
        return exit_of.value.code

    with (
        redirect_stdout(output),
        redirect_stderr(errors),
        # The width must not depend on the terminal that the tests run in.
        patch.dict(os.environ, COLUMNS="80"),
        # The program starts its own event loop, and the caller's may be running in this thread.
        ThreadPoolExecutor(max_workers=1) as thread,
    ):
        code = thread.submit(run).result()
    if isinstance(code, str):
        # The interpreter does the same with a text when a process exits.
        code, said = 1, f"{code}\n"
        errors.write(said)
    return Ended(code or 0, output.getvalue(), errors.getvalue())

"""Forks of a process that has imported the shop behave like programs that Python has started."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Program, started

TELLING = """
import json, os, signal, sys
print(json.dumps({
    "name": __name__,
    "file": __file__,
    "arguments": sys.argv,
    "folder": os.getcwd(),
    "environment": os.environ["TOLD"],
    "others": "HOME" in os.environ,
    "path": sys.path[0],
    "session": os.getsid(0) == os.getpid(),
    "group": os.getpgid(0) == os.getpid(),
    "input": sys.stdin.read(),
    "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "open": len(os.listdir("/proc/self/fd")),
}))
print("an error", file=sys.stderr)
sys.exit(3)
"""
PRINTING = "import os, sys; print(__name__, sys.argv[1:], sys.path[0] or os.getcwd())"
SLEEPING = "import time; print('asleep', flush=True); time.sleep(600)"
BOTH = pytest.mark.parametrize("by_python", [False, True], ids=["fork", "python"])


@pytest.fixture(name="interrupts", scope="module", autouse=True)
def interruptible() -> Iterator[None]:
    """Reset SIGINT, so that programs do not inherit that it is ignored in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def program_of(folder: Path, text: str, leads: str = "", by_python: bool = False) -> Program:
    """Start a program whose output goes to a file."""
    (folder / "program.py").write_text(text, "utf-8")
    with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
        return started(
            [str(folder / "program.py"), "one", "two"],
            folder=folder,
            settings={"TOLD": "by the test", "PATH": os.environ["PATH"]},
            output=output,
            errors=errors,
            leads=leads,
            by_python=by_python,
        )


def output_of(folder: Path) -> str:
    """Wait until a program has printed something, and return it."""
    while not (text := (folder / "output").read_text("utf-8")):
        time.sleep(0.01)
    return text


@pytest.mark.parametrize("leads", ["", "group", "session"])
def test_a_fork_has_the_same_environment_as_a_started_program(tmp_path: Path, leads: str) -> None:
    found = []
    for by_python in (False, True):
        with program_of(tmp_path, TELLING, leads, by_python) as process:
            assert process.wait(60) == 3
        assert (tmp_path / "errors").read_text("utf-8") == "an error\n"
        found.append((tmp_path / "output").read_text("utf-8"))
    assert found[0] == found[1]
    assert '"name": "__main__"' in found[0] and '"input": ""' in found[0]


@BOTH
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_a_fork_and_sets_its_exit_code(
    tmp_path: Path, by: signal.Signals, by_python: bool
) -> None:
    with program_of(tmp_path, SLEEPING, by_python=by_python) as process:
        assert output_of(tmp_path) == "asleep\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
        process.send_signal(by)
        assert process.wait(60) == process.poll() == process.returncode == -by
        # The process has ended, and the signal reaches no other process.
        process.kill()


@BOTH
@pytest.mark.parametrize(("way", "argument"), [(["-m", "told"], "one"), (["-c", PRINTING], "two")])
def test_a_module_or_code_is_run_as_the_main_module(
    tmp_path: Path, way: list[str], argument: str, by_python: bool
) -> None:
    (tmp_path / "told.py").write_text(PRINTING, "utf-8")
    with (
        (tmp_path / "output").open("wb") as output,
        started(
            [*way, argument],
            folder=tmp_path,
            settings={},
            output=output,
            errors=output,
            by_python=by_python,
        ) as process,
    ):
        assert process.wait(60) == 0
    assert output_of(tmp_path) == f"__main__ ['{argument}'] {tmp_path}\n"


def test_each_fork_starts_without_the_changes_of_another(tmp_path: Path) -> None:
    changing = "import app.settings; print(hasattr(app, 'mark')); app.mark = 1"
    for _ in range(2):
        with program_of(tmp_path, changing) as process:
            assert process.wait(60) == 0, (tmp_path / "errors").read_text("utf-8")
        assert output_of(tmp_path) == "False\n"

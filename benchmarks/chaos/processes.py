"""Processes that are killed at random and started again, as by a supervisor."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.settings import Settings
from benchmarks.support.servers import ROOT, environment

_START_MARK = "=== a process starts"
_LOOK_SECONDS = 0.1
_PAUSE_SECONDS = 0.5
_STOP_SECONDS = 35


@dataclass(frozen=True, slots=True)
class Program:
    """The program of the processes, and its settings."""

    arguments: Sequence[str]
    settings: Settings
    work_mark: str
    """The text that it prints when it begins to work."""
    module: str = "benchmarks.chaos.planted"


@dataclass
class Herd:
    """Some processes of one program, each of which is restarted soon after its end."""

    program: Program
    folder: Path
    size: int
    chance: random.Random
    kill_count: int = 0
    ends_at_start: list[str] = field(default_factory=list)
    """The exits before the start of work of processes that were not killed."""
    ends_at_work: list[str] = field(default_factory=list)
    _processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    _is_killed: set[int] = field(default_factory=set)

    def log(self, number: int) -> Path:
        """Return the log file of the processes with one number."""
        return self.folder / f"{number}.log"

    async def keep(self) -> None:
        """Start the processes, and restart those that have ended, until cancelled."""
        for number in range(self.size):
            self._start(number)
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for number, process in list(self._processes.items()):
                if (code := process.poll()) is None:
                    continue
                if number not in self._is_killed:
                    self._note_end(number, code)
                    await asyncio.sleep(_PAUSE_SECONDS)
                self._is_killed.discard(number)
                self._start(number)

    async def kill_one_at_work(self, after_seconds: float, at_most: float) -> None:
        """SIGKILL one of them when all have worked for some time, or after a time limit."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.settle(), at_most)
        await asyncio.sleep(after_seconds)
        self.kill_one()

    def kill_one(self) -> None:
        """SIGKILL one of them."""
        number = self.chance.randrange(self.size)
        process = self._processes.get(number)
        if process is not None and process.poll() is None:
            self._is_killed.add(number)
            process.kill()
            self.kill_count += 1

    async def settle(self) -> None:
        """Wait until all are at work: a process ends at once if SIGTERM comes earlier."""
        while any(self.program.work_mark not in self._printed(each) for each in self._processes):
            await asyncio.sleep(_LOOK_SECONDS)

    async def stop(self) -> list[str]:
        """Send SIGTERM to all; return the ends that were not clean."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        return [each for each in await asyncio.gather(*map(self._end, self._processes)) if each]

    def close(self) -> None:
        """Kill all processes."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _note_end(self, number: int, code: int) -> None:
        own = self._printed(number)
        ends = self.ends_at_work if self.program.work_mark in own else self.ends_at_start
        ends.append(f"exit {code}: {_last_line(own)}")

    async def _end(self, number: int) -> str | None:
        process = self._processes[number]
        try:
            code = await asyncio.to_thread(process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return f"still there {_STOP_SECONDS} s after SIGTERM"
        if not code:
            return None
        return f"exit {code}: {_last_line(self._printed(number))}"

    def _printed(self, number: int) -> str:
        """Return the output of the current process."""
        printed = self.log(number).read_text(encoding="utf-8", errors="replace")
        return printed.rpartition(_START_MARK)[2]

    def _start(self, number: int) -> None:
        with self.log(number).open("ab") as log:
            log.write(f"{_START_MARK}\n".encode())
            log.flush()
            # Its end is looked for, and close() leaves none.
            self._processes[number] = subprocess.Popen(  # pylint: disable=consider-using-with
                [sys.executable, "-m", self.program.module, *self.program.arguments],
                cwd=self.folder,
                env=environment(self.program.settings) | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def _last_line(text: str) -> str:
    # The traceback of a group of exceptions ends with a line of dashes.
    return next((line for line in reversed(text.split("\n")) if line.strip("| +-")), "")

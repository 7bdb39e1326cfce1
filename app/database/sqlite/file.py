"""A file of SQLite that its thread and the event loop use in turn."""

import math
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

# A read that takes longer on the event loop is stopped, and repeated in the thread.
_LONGEST_READ_SECONDS = 0.001
_STEPS_BETWEEN_CHECKS = 250
_CHECKS_OF_LONG_READ = 20


class Limit:
    """The time at which a read is stopped."""

    __slots__ = ("_at", "_checks")

    def __init__(self) -> None:
        self._at = math.inf
        self._checks = 0

    def start(self) -> None:
        """Stop the read when it has taken too long."""
        self._at = time.perf_counter() + _LONGEST_READ_SECONDS
        self._checks = 0

    def lift(self) -> None:
        """End the limit: the next statements take as long as they need."""
        self._at = math.inf

    @property
    def is_long(self) -> bool:
        """Whether the read had many steps, and was not only interrupted by other processes."""
        return self._checks > _CHECKS_OF_LONG_READ

    def is_over(self) -> bool:
        """Return whether to stop now, as SQLite asks during a statement."""
        self._checks += 1
        # SQLite continues to count from the steps of earlier runs.
        return self._checks > 1 and time.perf_counter() > self._at


class File:
    """An open file that one thread uses at a time: a thread of its own, or the event loop's.

    The thread that uses it holds its lock. The event loop takes the lock only if the thread has
    done everything that was sent to it, even for a caller that was cancelled: the loop does not
    wait, and does not overtake that work. The results of the functions must hold no cursor of the
    file.
    """

    # The time counts from the opening of the file.
    _connection: sqlite3.Connection

    def __init__(self, lock_ms: int) -> None:
        self.limit = Limit()
        self._lock_ms = lock_ms
        self._in_use = threading.Lock()
        # Each number is written by one side only, and so needs no lock.
        self._sent = 0
        self._done = 0

    def open(self, path: str, options: dict[str, Any]) -> sqlite3.Connection:
        """Open the file; the thread calls this."""
        # The lock ensures what SQLite would check.
        options |= {"timeout": 0, "check_same_thread": False}
        self._connection = sqlite3.connect(path, **options)
        self._prepare(is_thread=False)
        return self._connection

    def at_once(self, function: Callable[[sqlite3.Connection], bool]) -> bool:
        """Run a function of the file on the event loop; return false if the thread has it."""
        if self._sent != self._done:
            return False
        # `with` would wait for the lock.
        is_taken = self._in_use.acquire(blocking=False)  # pylint: disable=consider-using-with
        if not is_taken:
            return False
        try:
            return function(self._connection)
        finally:
            self._in_use.release()

    def send(self, function: Callable[[], Any]) -> Callable[[], Any]:
        """Reserve the file for the thread until it has run a function; return that function."""
        self._sent += 1
        return partial(self.run, function)

    def run(self, function: Callable[[], Any]) -> Any:
        """Run a function, which may wait for locks; the thread calls this."""
        with self._in_use:
            try:
                self._prepare(is_thread=True)
                return function()
            finally:
                # The function may have been the close of the file.
                with suppress(sqlite3.ProgrammingError):
                    self._prepare(is_thread=False)
                self._done += 1

    def _prepare(self, *, is_thread: bool) -> None:
        # In the thread SQLite would take the interpreter's lock at each check.
        if is_thread:
            self._connection.set_progress_handler(None, 0)
        else:
            self._connection.set_progress_handler(self.limit.is_over, _STEPS_BETWEEN_CHECKS)
        self._connection.execute(f"PRAGMA busy_timeout = {self._lock_ms if is_thread else 0}")

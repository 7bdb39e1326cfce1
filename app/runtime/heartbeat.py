"""The heartbeat of a process without a port: a file, and a command that checks it.

`python -m app.runtime.heartbeat FILE` exits with 0 if the process is healthy, otherwise with 1 and
the reason.
"""

# The command runs every few seconds, so this module imports only the standard library.
import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

BEAT_SECONDS = 5.0
STALE_SECONDS = 20.0
# An unhealthy process writes more often, so that its recovery is noticed quickly.
_UNHEALTHY_BEAT_SECONDS = 0.5


@asynccontextmanager
async def heartbeat(
    path: Path | None, problem: Callable[[], str | None], beat_seconds: float = BEAT_SECONDS
) -> AsyncIterator[None]:
    """Write the heartbeat while the block runs; `problem` returns why the process cannot work.

    The event loop writes the file, so that a blocked loop is detected.
    """
    if path is None:
        yield
        return
    task = asyncio.create_task(_beat(path, problem, beat_seconds))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        path.unlink(missing_ok=True)


async def _beat(path: Path, problem: Callable[[], str | None], beat_seconds: float) -> None:
    new = path.with_suffix(".new")
    while True:
        missing = problem()
        new.write_text(missing or "", encoding="utf-8")
        # A concurrent reader sees the complete old or new content.
        os.replace(new, path)
        await asyncio.sleep(min(beat_seconds, _UNHEALTHY_BEAT_SECONDS) if missing else beat_seconds)


def diagnose(path: Path, *, stale_seconds: float = STALE_SECONDS, is_alive: bool) -> str | None:
    """Return what is wrong with a process, or None; `is_alive` checks only that its loop runs."""
    try:
        age_seconds = time.time() - path.stat().st_mtime
        problem = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "there is no heartbeat"
    if age_seconds > stale_seconds:
        return f"the last heartbeat is {age_seconds:.0f} s old"
    return None if is_alive else problem or None


def main(argv: list[str] | None = None) -> None:
    """Exit with 0 if the process is healthy, otherwise with 1 and the reason."""
    parser = argparse.ArgumentParser(prog="python -m app.runtime.heartbeat", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="the heartbeat file of the process")
    parser.add_argument(
        "--alive",
        action="store_true",
        help="ignore missing dependencies, which a restart would not bring back",
    )
    arguments = parser.parse_args(argv)
    sys.exit(diagnose(arguments.file, is_alive=arguments.alive))


if __name__ == "__main__":
    main()

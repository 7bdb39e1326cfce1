"""The heartbeat of a process without a port, and the command that checks it."""

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.runtime.heartbeat import diagnose, heartbeat
from tests.support.processes import ROOT


def judged(path: Path, *options: str) -> tuple[int, str]:
    """Return the exit code of the command, and its output."""
    done = subprocess.run(
        [sys.executable, "-m", "app.runtime.heartbeat", str(path), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done.returncode, done.stderr.strip()


async def beaten(path: Path) -> None:
    """Wait for the next beat."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    async with asyncio.timeout(5):
        while not path.exists() or path.stat().st_mtime_ns == before:
            await asyncio.sleep(0.01)


async def test_a_process_with_a_recent_heartbeat_is_healthy(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    async with heartbeat(path, lambda: None):
        await beaten(path)
        assert await asyncio.to_thread(judged, path) == (0, "")


async def test_a_missing_required_dependency_is_reported_until_it_returns(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    problems: list[str | None] = ["RabbitMQ is unavailable"]
    # The recovery is visible long before the next regular beat.
    async with heartbeat(path, lambda: problems[0], beat_seconds=3_600):
        await beaten(path)
        assert await asyncio.to_thread(judged, path) == (1, "RabbitMQ is unavailable")
        assert await asyncio.to_thread(judged, path, "--alive") == (0, "")
        problems[0] = None
        await beaten(path)
        assert diagnose(path, is_alive=False) is None


async def test_a_later_missing_dependency_is_reported_at_the_next_beat(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    problems: list[str | None] = [None]
    async with heartbeat(path, lambda: problems[0], beat_seconds=0.02):
        await beaten(path)
        assert diagnose(path, is_alive=False) is None
        problems[0] = "RabbitMQ is unavailable"
        await beaten(path)
        assert diagnose(path, is_alive=False) == "RabbitMQ is unavailable"


async def test_a_blocked_loop_is_detected(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    async with heartbeat(path, lambda: None, beat_seconds=0.02):
        await beaten(path)
        # A call without an await blocks the event loop.
        time.sleep(0.3)
        said = diagnose(path, stale_seconds=0.2, is_alive=True)
        assert said is not None and said.startswith("the last heartbeat is")
        await beaten(path)
        assert diagnose(path, stale_seconds=0.2, is_alive=True) is None


@pytest.mark.parametrize("options", [(), ("--alive",)])
def test_an_old_heartbeat_counts_as_a_missing_one(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "heartbeat"
    path.write_text("", "utf-8")
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    code, said = judged(path, *options)
    # The command itself takes some seconds to start on a busy machine.
    assert code == 1 and re.fullmatch(r"the last heartbeat is [6-9]\d s old", said), said


async def test_the_heartbeat_does_not_exist_before_the_start_and_after_the_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "heartbeat"
    assert diagnose(path, is_alive=True) == "there is no heartbeat"
    async with heartbeat(path, lambda: None):
        await beaten(path)
    assert diagnose(path, is_alive=True) == "there is no heartbeat"


async def test_a_process_without_a_heartbeat_file_writes_none(tmp_path: Path) -> None:
    async with heartbeat(None, lambda: None):
        await asyncio.sleep(0)
    assert not list(tmp_path.iterdir())


def test_the_command_imports_only_the_standard_library() -> None:
    listing = "import sys; import app.runtime.heartbeat; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True
    )
    own = {name for name in done.stdout.split() if name.partition(".")[0] == "app"}
    assert own == {"app", "app.runtime", "app.runtime.heartbeat"}
    assert "pydantic" not in done.stdout.split()

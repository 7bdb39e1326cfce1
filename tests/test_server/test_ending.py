"""Serving processes end at once and together, and survive the end of other workers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.machines import let_machine_into
from tests.support.processes import WAIT_SECONDS, ServedShop, environment, free_port, serving
from tests.support.servers import PostgresServer
from tests.test_web.streams import follow, read_to_end, read_until, unfinished_operation_in

GOODBYE = b": the shop is stopping, resume with Last-Event-ID\r\nretry: 1000\r\n\r\n"
SOON_SECONDS = 10


@pytest.fixture(name="on_postgres")
def settings_on_postgres(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a shop that several processes can serve."""
    postgres_server.create_database("ending")
    yield postgres_settings(postgres_server, "ending", data_dir=tmp_path / "var")
    postgres_server.drop_database("ending")


async def check_streams_end(shop: ServedShop, settings: Settings, by: signal.Signals) -> None:
    """Check that the streams of a shop end with a message when it stops, and then the shop ends."""
    await let_machine_into(settings)
    operation_id = await unfinished_operation_in(settings)
    with ExitStack() as opened:
        streams = [follow(opened, shop.port, operation_id) for _ in range(10)]
        for each in streams:
            assert b"event: queued" in read_until(each, b"event: queued")
        began = time.monotonic()
        shop.process.send_signal(by)
        for each in streams:
            assert GOODBYE in read_to_end(each)
    code, _, errors = shop.ended()
    # Several processes without Redis count limits separately, and say so when they start.
    said = [line for line in errors.splitlines() if "REDIS_HOST" not in line]
    assert (code, said) == (0, [])
    assert time.monotonic() - began < SOON_SECONDS


@pytest.mark.parametrize(
    "by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda by: by.name
)
async def test_streams_end_at_once_when_the_shop_stops(tmp_path: Path, by: signal.Signals) -> None:
    settings = sqlite_settings(tmp_path / "var")
    with serving(settings, tmp_path) as shop:
        await check_streams_end(shop, settings, by)


async def test_workers_end_at_once_on_ctrl_c(on_postgres: Settings, tmp_path: Path) -> None:
    with serving(on_postgres, tmp_path, "--workers", "2") as shop:
        workers = workers_of(shop)
        began = time.monotonic()
        # The terminal sends SIGINT to each process of the group.
        os.killpg(shop.process.pid, signal.SIGINT)
        os.killpg(shop.process.pid, signal.SIGINT)
        assert shop.ended()[0] == 0
        assert not any(map(is_running, workers))
        assert time.monotonic() - began < SOON_SECONDS


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: by.name)
async def test_streams_of_workers_end_at_once_when_the_shop_stops(
    on_postgres: Settings, tmp_path: Path, by: signal.Signals
) -> None:
    with serving(on_postgres, tmp_path, "--workers", "2") as shop:
        await check_streams_end(shop, on_postgres, by)


async def test_a_stream_is_resumed_after_a_restart(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    with serving(settings, tmp_path) as shop, ExitStack() as opened:
        await let_machine_into(settings)
        operation_id = await unfinished_operation_in(settings)
        stream = follow(opened, shop.port, operation_id)
        assert b"id: 1\r\n" in read_until(stream, b"event: queued")
        assert shop.stop()[0] == 0
    with serving(settings, tmp_path) as shop, ExitStack() as opened:
        stream = follow(opened, shop.port, operation_id, {"Last-Event-ID": "1"})
        time.sleep(0.5)
        shop.process.send_signal(signal.SIGTERM)
        # The event that was received is not repeated.
        response = read_to_end(stream)
        assert GOODBYE in response and b"event: queued" not in response


def test_workers_end_with_the_main_process(on_postgres: Settings, tmp_path: Path) -> None:
    with serving(on_postgres, tmp_path, "--workers", "2") as shop:
        workers = workers_of(shop)
        assert len(workers) == 2
        shop.process.send_signal(signal.SIGKILL)
        shop.process.wait(WAIT_SECONDS)
        wait_until(lambda: not any(map(is_running, workers)))
        with socket.create_server(("127.0.0.1", shop.port), reuse_port=False):
            pass


def test_repeatedly_killed_workers_are_replaced(on_postgres: Settings, tmp_path: Path) -> None:
    with serving(on_postgres, tmp_path, "--workers", "2") as shop:
        for _ in range(2):
            wait_until(lambda: len(workers_of(shop)) == 2)
            for worker in workers_of(shop):
                os.kill(worker, signal.SIGKILL)
            time.sleep(1.5)
            assert shop.process.poll() is None
        wait_until(lambda: len(workers_of(shop)) == 2)
        shop.wait_until_ready()
        assert shop.stop()[0] == 0


def test_a_worker_survives_the_end_of_its_terminal(on_postgres: Settings, tmp_path: Path) -> None:
    with serving(on_postgres, tmp_path, "--workers", "2") as shop:
        workers = workers_of(shop)
        for worker in workers:
            os.kill(worker, signal.SIGHUP)
        time.sleep(0.5)
        assert workers_of(shop) == workers
        assert httpx.get(f"{shop.url}/health/live").status_code == 200


def workers_of(shop: ServedShop) -> list[int]:
    """Return the worker processes."""
    pid = shop.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [int(each) for each in children if is_running(int(each))]


def is_running(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it did not hold in time.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


HUNG = """
import asyncio, time
from app.runtime.shutdown import end_in_time
end_in_time(0.2)
print("stopping", flush=True)
time.sleep(60)
"""
BLOCKED = """
import ctypes
from app.runtime.shutdown import end_in_time
end_in_time(0.2)
ctypes.PyDLL(None).sleep(60)
"""
ORPHAN = """
import os, subprocess, sys, time
code = "import sys, time; from app.runtime.shutdown import end_with_parent; end_with_parent(); "
code += "print('ready', flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""
LATE_ORPHAN = """
import multiprocessing, os, sys, time
from app.runtime.shutdown import end_with_parent

def late():
    parent = os.getppid()
    print(os.getpid(), flush=True)
    while os.getppid() == parent:
        time.sleep(0.01)
    end_with_parent()
    time.sleep(60)

if __name__ == "__main__":
    multiprocessing.get_context("fork").Process(target=late).start()
    time.sleep(60)
"""


def test_a_process_that_hangs_at_its_end_exits_in_time() -> None:
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", HUNG], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, b"stopping\n")
    assert time.monotonic() - began < SOON_SECONDS


def test_a_process_ends_in_time_even_if_no_python_code_can_run() -> None:
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (-signal.SIGALRM, b"")
    assert time.monotonic() - began < SOON_SECONDS


@pytest.mark.parametrize("script", [ORPHAN, LATE_ORPHAN], ids=["orphan", "late orphan"])
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_process_ends_when_its_parent_ends(script: str, platform: str) -> None:
    # Elsewhere than on Linux, the process itself has to notice.
    script = script.replace("end_with_parent()", f"sys.platform = '{platform}'; end_with_parent()")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    wait_until(lambda: not is_running(child))


# The workers pause in a function of the server.
PAUSED = """
import time
from pathlib import Path

import granian.server.mp as server

from app.server import main
from main import create_app

found = server.{name}

def paused(*arguments, **named):
    Path("reached").touch()
    time.sleep(1)
    return found(*arguments, **named)

server.{name} = paused
main(create_app, ["--port", "{port}", "--workers", "2"])
"""


@pytest.mark.parametrize(
    "name",
    [
        # Before the application is loaded, before it starts, and when it has started.
        "load_env",
        "LifespanProtocol",
        "_new_cbscheduler",
    ],
)
def test_workers_end_although_they_have_not_started(
    on_postgres: Settings, tmp_path: Path, name: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PAUSED.format(name=name, port=free_port())],
        cwd=tmp_path,
        env=environment(on_postgres),
    ) as shop:
        try:
            wait_until((tmp_path / "reached").exists)
            began = time.monotonic()
            shop.terminate()
            assert shop.wait(WAIT_SECONDS) == 0
            # A worker that has missed the signal is killed after 24 seconds.
            assert time.monotonic() - began < SOON_SECONDS
        finally:
            shop.kill()

"""Imports the modules of the shop's programs, and forks a program for each request of a test.

`python -m tests.support.programs.imported DESCRIPTOR` takes requests from a socket until it closes.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
import threading
import time
from typing import Any, NoReturn

LENGTH_BYTES = 4
# Standard input, output and errors, and the socket that reports the end.
DESCRIPTORS = 4
# The modules that programs import at their start or soon after, without those of OpenTelemetry.
MODULES = (
    "main",
    "app.server",
    "app.rabbitmq_consumer",
    "app.scheduler",
    "app.cli.main",
    "app.demo.load",
    "app.messaging.rabbitmq.broker",
    "aiosqlite",
    "alembic.command",
    "asyncpg",
    "redis.asyncio",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "taskiq.__main__",
    "taskiq.cli.scheduler.run",
    "taskiq.cli.worker.run",
    "taskiq_aio_pika",
    "taskiq_redis",
    "uvloop",
)


def serve(requests: socket.socket) -> dict[str, Any]:
    """Fork a process for each request, and return the request in the new process."""
    while True:
        length, descriptors, _, _ = socket.recv_fds(requests, LENGTH_BYTES, DESCRIPTORS)
        if not length:
            sys.exit()
        body = b""
        while len(body) < int.from_bytes(length, "big"):
            body += requests.recv(65_536)
        *streams, told = descriptors
        if os.fork() == 0:
            requests.close()
            if _is_program(streams, told):
                asked: dict[str, Any] = json.loads(body)
                return asked
        for each in descriptors:
            os.close(each)
        # Reap the parents of programs that have ended.
        while _has_ended_child():
            pass


def _is_program(streams: list[int], told: int) -> bool:
    """Fork again; the parent reports the end and exits, the child returns True."""
    with socket.socket(fileno=told) as socket_of_end:
        if program := os.fork():
            for stream in (*streams, *range(3)):
                os.close(stream)
            try:
                socket_of_end.sendall(b"%d\n" % program)
                _, status = os.waitpid(program, 0)
                socket_of_end.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            except OSError:
                # No process waits for the program any more.
                pass
            os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    return True


def _has_ended_child() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def become(asked: dict[str, Any]) -> None:
    """Run the requested program, as if Python had been started with its arguments."""
    first, *others = asked["arguments"]
    if asked["leads"] == "session":
        os.setsid()
    elif asked["leads"] == "group":
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    if first == "-m":
        module, *others = others
        sys.path[0] = os.getcwd()
        sys.argv = [module, *others]
        # Otherwise, the module that has already been imported would be used.
        sys.modules.pop(module, None)
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    elif first == "-c":
        code, *others = others
        sys.path[0] = os.getcwd()
        sys.argv = [first, *others]
        # pylint: disable-next=exec-used  # it is what Python does with this argument
        exec(code, {"__name__": "__main__"})
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(first)))
        sys.argv = [first, *others]
        runpy.run_path(first, run_name="__main__")


def build_once() -> None:
    """Build an application, so that forks need not import what that takes."""
    # pylint: disable=import-outside-toplevel  # who imports `LENGTH_BYTES` needs no shop
    from app.settings import Settings
    from app.wiring.resources import Shop
    from main import create_app

    with tempfile.TemporaryDirectory() as folder:
        create_app(Shop(Settings(_env_file=None, db_host=None, data_dir=folder)))


def end(code: object) -> NoReturn:
    """Exit as the interpreter does with the argument of `sys.exit`, but free no object.

    Freeing would copy the memory that all forks share, which takes an eighth of a program's time.
    """
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    # The interpreter may have called this already, at its exit.
    atexit.unregister(end)
    # pylint: disable=protected-access  # the forks of multiprocessing end with the same calls
    threading._shutdown()  # type: ignore[attr-defined]  # its types have only what is public
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def main() -> None:
    """Import the modules, and fork until the socket of requests is closed."""
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        for each in MODULES:
            importlib.import_module(each)
        build_once()
        assert threading.active_count() == 1
        # Ctrl+C in the terminal is for the tests and the programs.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # Objects of the imports stay in memory that all forks share.
        gc.freeze()
        asked = serve(requests)
    try:
        become(asked)
    except SystemExit as ended:
        end(ended.code)
    end(None)


if __name__ == "__main__":
    main()

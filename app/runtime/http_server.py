"""The HTTP server Granian: its limits, its signals and its end."""

import asyncio
import importlib
import logging
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server as EmbeddedServer
from granian.server.mp import MPServer
from litestar import Litestar
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.runtime.shutdown import STOP_SECONDS, end_in_time, end_with_parent

logger = logging.getLogger(__name__)

APPLICATION = "main:create_app"
# No legitimate client takes longer to send its headers; also the limit of an idle connection.
_HEADER_SECONDS = 10
# A connection may hold this much memory before its request reaches the shop.
_MAX_HEAD_BYTES = 64 * 1024
# Connections that wait for the process to accept them; the default maximum of Linux.
_BACKLOG = 4_096
# Open connections of one process; one that sends nothing costs some 10 KiB.
_MAX_CONNECTIONS = 10_000
_OTHER_FILES = 256
# The part of the time to end that is left for the cancellation of requests and the resources.
_CLOSING_SECONDS = 5
_RESPAWN_SECONDS = 1.0


@contextmanager
def _sigterm_held() -> Iterator[None]:
    """Keep SIGTERM pending, here and in processes that are started meanwhile.

    Until a new process has set its own handler, the one of its parent would receive the signal.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Workers(MPServer):
    """A server that replaces its processes any number of times, and ends them at any moment."""

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        with _sigterm_held():
            # The library has no types here.
            spawn: Any = super()._spawn_workers
            spawn(spawn_target, target_loader)

    def _respawn_workers(
        self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        # Without the pause, workers that cannot start would use a core.
        time.sleep(_RESPAWN_SECONDS)
        with _sigterm_held():
            super()._respawn_workers(workers, spawn_target, target_loader, delay)
        # Granian exits when the same worker ends twice within 5.5 s, a time that it has no option
        # for; the other workers would end with it.
        self.respawned_wrks.clear()


class _Worker:
    """Wraps the application of a worker process: SIGTERM ends it in order once it has started."""

    def __init__(self, app: Litestar) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":  # type: ignore[comparison-overlap]  # types leave it out
            await self._app(scope, receive, send)
            return
        # The server's handler of SIGINT, which stops it, stays. That of SIGTERM did the same; until
        # the application has started, the signal ends the process.
        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGTERM)

        async def send_on(message: Message) -> None:
            kind: str = message["type"]
            if kind == "lifespan.startup.complete":
                # The loop stops now until the server listens, and would lose a signal meanwhile.
                signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(self._stop))
            await send(message)

        await self._app(scope, receive, send_on)

    def _stop(self) -> None:
        streams = self._app.state.streams
        # The server's handler of SIGINT blocks the process if it is called twice.
        if streams.is_stopping:
            return
        streams.stop()
        end_in_time(STOP_SECONDS)
        signal.raise_signal(signal.SIGINT)


def serve_by_workers(host: str, port: int, workers: int) -> None:
    """Serve by several processes until SIGINT or SIGTERM; SIGHUP replaces them one by one."""
    server = _Workers(
        APPLICATION,
        workers=workers,
        loop=Loops.uvloop,
        respawn_failed_workers=True,
        runtime_mode=RuntimeModes.st,
        # Each worker limits its own time; this is for one that does not run at all.
        workers_kill_timeout=STOP_SECONDS + 2,
        **_options(host, port),
    )
    server.serve(target_loader=_load_worker)


def _load_worker(target: str) -> ASGIApp:
    # A terminal sends signals to all processes of a group; the parent handles them for its workers.
    os.setpgid(0, 0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # A worker that does not serve yet has nothing to end; it has the handlers of its parent.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    end_with_parent()
    module, _, name = target.partition(":")
    app: Litestar = getattr(importlib.import_module(module), name)()
    return _Worker(app)


async def serve_here(app: ASGIApp, host: str, port: int, stop: Callable[[], None]) -> None:
    """Serve in this process until SIGINT, SIGTERM or SIGHUP; then call `stop` first.

    `stop` ends the event streams, for which the server would wait. The lifespan of the application
    is the caller's, so that it ends properly even if the server does not.
    """
    server = EmbeddedServer(app, **_options(host, port) | {"interface": Interfaces.ASGINL})
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stopping.is_set():
        stop()
        end_in_time(STOP_SECONDS)
        server.stop()  # type: ignore[no-untyped-call]  # of the library
        await asyncio.wait({serving}, timeout=STOP_SECONDS - _CLOSING_SECONDS)
    stopped.cancel()
    if not serving.done():
        logger.warning("some clients have not read their responses; closing their connections")
        serving.cancel()
        return
    await serving


def _options(host: str, port: int) -> dict[str, Any]:
    return {
        "address": host,
        "port": port,
        "interface": Interfaces.ASGI,
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(
            header_read_timeout=_HEADER_SECONDS * 1_000, max_buffer_size=_MAX_HEAD_BYTES
        ),
        "backlog": _BACKLOG,
        "backpressure": _possible_connections(),
        "websockets": False,
        "log_level": LogLevels.error,
        # The server's log has the same form as all other logs.
        "log_dictconfig": {"loggers": {"_granian": {"handlers": [], "propagate": True}}},
    }


def _possible_connections() -> int:
    """Raise the limit of open files to its maximum; return how many of them can be connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most == resource.RLIM_INFINITY:
        return _MAX_CONNECTIONS
    return max(min(_MAX_CONNECTIONS, most - _OTHER_FILES), 1)

"""What every process of the shop begins with: its log, its event loop and its heap."""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Coroutine
from typing import Any

from app.observability.logging import configure_logging
from app.observability.tracing import start_tracing
from app.settings import Settings


def begin_process(settings: Settings) -> None:
    """Have the process write its log, and send traces, as the settings say.

    Done twice, it changes nothing.

    Raises:
        InvalidSettings: what it takes is not installed.
    """
    configure_logging(settings.log_format)
    start_tracing(settings)


def freeze_heap() -> None:
    """Keep the garbage collector from what is alive now, which lives as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a process to its end, on the fastest event loop that there is."""
    runner: Callable[[Coroutine[Any, Any, None]], None] = asyncio.run
    with contextlib.suppress(ImportError):
        # There is none for Windows.
        import uvloop  # pylint: disable=import-outside-toplevel

        runner = uvloop.run
    runner(coroutine)

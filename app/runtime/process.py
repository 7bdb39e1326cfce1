"""The start of every process: logging, tracing, event loop and garbage collection."""

import asyncio
import contextlib
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from app.observability.logging import configure_logging
from app.observability.tracing import start_tracing
from app.settings import Settings


def begin_process(settings: Settings) -> None:
    """Configure logging and tracing as the settings say; a second call changes nothing.

    Raises:
        InvalidSettings: a package that the settings require is not installed.
    """
    configure_logging(settings.log_format)
    start_tracing(settings)


def freeze_heap() -> None:
    """Exclude all objects of the start from garbage collection, which begins with those after it.

    They live as long as the process. The few that do not would take a tenth of the start to find.
    """
    if "alembic" in sys.modules:
        # A migration leaves thirty thousand objects as garbage.
        gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run the main coroutine of a process on the fastest available event loop."""
    runner: Callable[[Coroutine[Any, Any, None]], None] = asyncio.run
    with contextlib.suppress(ImportError):
        # uvloop does not exist for Windows.
        import uvloop  # pylint: disable=import-outside-toplevel

        runner = uvloop.run
    runner(coroutine)

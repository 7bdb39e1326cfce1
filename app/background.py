"""Work that goes on beside the requests of a process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.errors import Unavailable

logger = logging.getLogger(__name__)

_REST_SECONDS = 15.0


async def repeat(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do a piece of work again and again, until cancelled; after a failure, rest a while."""
    while True:
        try:
            await work()
        except Unavailable:
            # Whoever asks the shop for something is told; here nobody waits.
            await asyncio.sleep(_REST_SECONDS)
        except Exception:  # pylint: disable=broad-exception-caught  # an entry point of its own
            logger.exception("%s: failed because of a fault of the shop's own", name)
            await asyncio.sleep(_REST_SECONDS)

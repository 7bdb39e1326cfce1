"""Does the errands that are due, each outside of any transaction."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from app.errors import Unavailable
from app.gateways.payments.provider import ProviderUnreachable
from app.jobs.errands.handlers import HANDLERS, LIMITS, Handler, Limits
from app.models import Errand
from app.runtime.supervisor import end, repeat
from app.wiring.areas.system import provide_errands
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
# A lease is longer than its handler may take, so that no two processes do the same errand at one
# time.
_LEASED_SECONDS_MORE = 30.0
# These are outages: the errand itself has not failed.
_OUTAGES = (Unavailable, ProviderUnreachable)


async def do_errands(shop: Shop, handlers: Mapping[str, Handler] | None = None) -> None:
    """Do errands as they become due, until cancelled; one that takes long does not delay others."""
    running = _Running(shop, HANDLERS if handlers is None else handlers)

    async def work() -> None:
        if not await running.begin():
            await running.rest(_POLL_SECONDS)

    try:
        await repeat("errands", work)
    finally:
        await running.end()


@asynccontextmanager
async def errands_done(shop: Shop) -> AsyncIterator[None]:
    """Do errands as they become due during the block."""
    task = asyncio.create_task(do_errands(shop))
    try:
        yield
    finally:
        await end([task])


async def do_due(shop: Shop, handlers: Mapping[str, Handler]) -> bool:
    """Do one due errand of each kind, or several, concurrently; return whether there was any."""
    running = _Running(shop, handlers)
    is_any = await running.begin()
    await running.finish()
    return is_any


class _Running:
    """The errands that a process is doing.

    An errand is leased in one transaction, done outside of any, and recorded in another one; if the
    process crashes in between, it is done again.
    """

    def __init__(self, shop: Shop, handlers: Mapping[str, Handler]) -> None:
        self._shop = shop
        self._handlers = handlers
        self._tasks: dict[asyncio.Task[None], str] = {}

    async def begin(self) -> bool:
        """Begin the due errands within the limits; return whether there were any."""
        busy = Counter(self._tasks.values())
        room = {kind: _limits(kind).at_once - busy[kind] for kind in self._handlers}
        free = [kind for kind, count in room.items() if count > 0]
        async with self._shop.database.read() as session:
            kinds = await provide_errands(session, self._shop).due_kinds(free)
        if not kinds:
            return False
        leased: list[Errand] = []
        async with self._shop.database.write() as session:
            errands = provide_errands(session, self._shop)
            for kind in sorted(kinds):
                lease = timedelta(seconds=_limits(kind).seconds + _LEASED_SECONDS_MORE)
                leased += await errands.take_due(kind, lease, room[kind])
        for each in leased:
            task = asyncio.create_task(_do(self._shop, self._handlers[each.kind], each))
            self._tasks[task] = each.kind
        return bool(leased)

    async def rest(self, seconds: float) -> None:
        """Wait until an errand has ended, or for some time."""
        if not self._tasks:
            await asyncio.sleep(seconds)
            return
        ended, _ = await asyncio.wait(
            self._tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        self._forget(ended)

    async def finish(self) -> None:
        """Wait until all errands have ended."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._forget(set(self._tasks))

    async def end(self) -> None:
        """Cancel all errands: another process does them when their leases have expired."""
        await end(self._tasks)

    def _forget(self, ended: set[asyncio.Task[None]]) -> None:
        for task in ended:
            del self._tasks[task]
        failures = [task.exception() for task in ended]
        for failure in failures:
            if failure is not None:
                raise failure


def _limits(kind: str) -> Limits:
    return LIMITS.get(kind, Limits())


async def _do(shop: Shop, handler: Handler, errand: Errand) -> None:
    failure = await _failure_of(shop, handler, errand)
    async with shop.database.write() as session:
        errands = provide_errands(session, shop)
        if failure is None:
            await errands.mark_done(errand)
            return
        reason = f"{type(failure).__name__}: {failure}"
        if await errands.mark_failed(errand, reason, is_outage=isinstance(failure, _OUTAGES)):
            logger.error(
                "gave up errand %s of %s after %s attempts: %s",
                errand.kind,
                errand.subject_id,
                errand.attempts,
                reason,
            )


async def _failure_of(shop: Shop, handler: Handler, errand: Errand) -> Exception | None:
    try:
        async with asyncio.timeout(_limits(errand.kind).seconds):
            await handler(shop, errand.subject_id)
    except Exception as error:  # pylint: disable=broad-exception-caught
        # Any error concerns this errand only and must not stop the others.
        logger.warning("errand %s of %s failed", errand.kind, errand.subject_id, exc_info=error)
        return error
    return None

"""Does the errands that are due, each outside of any transaction."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from app.errors import Unavailable
from app.gateways.payments.provider import ProviderUnreachable
from app.jobs.errands.handlers import HANDLERS, Handler
from app.models import Errand
from app.runtime.supervisor import end, repeat
from app.wiring.areas.system import provide_errands
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
# Shorter than a lease, so that no two processes do the same errand at one time.
_HANDLER_SECONDS = 90.0
# What does not answer will answer later: nothing is wrong with the errand.
_OUTAGES = (Unavailable, ProviderUnreachable)


async def do_errands(shop: Shop) -> None:
    """Do errands as they become due, until cancelled."""

    async def work() -> None:
        if not await do_due(shop, HANDLERS):
            await asyncio.sleep(_POLL_SECONDS)

    await repeat("errands", work)


@asynccontextmanager
async def errands_done(shop: Shop) -> AsyncIterator[None]:
    """Do errands as they become due during the block."""
    task = asyncio.create_task(do_errands(shop))
    try:
        yield
    finally:
        await end([task])


async def do_due(shop: Shop, handlers: Mapping[str, Handler]) -> bool:
    """Do one due errand of each kind, together; return whether there was any.

    An errand is leased in one transaction, done outside of any, and recorded in another one; if the
    process crashes in between, it is done again.
    """
    async with shop.database.read() as session:
        kinds = await provide_errands(session, shop).due_kinds(handlers)
    if not kinds:
        return False
    async with shop.database.write() as session:
        leased = await provide_errands(session, shop).take_due(kinds)
    outcomes = await asyncio.gather(
        *(_do(shop, handlers[each.kind], each) for each in leased), return_exceptions=True
    )
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
    return bool(leased)


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
        async with asyncio.timeout(_HANDLER_SECONDS):
            await handler(shop, errand.subject_id)
    except Exception as error:  # pylint: disable=broad-exception-caught
        # Any error concerns this errand only and must not stop the others.
        logger.warning("errand %s of %s failed", errand.kind, errand.subject_id, exc_info=error)
        return error
    return None

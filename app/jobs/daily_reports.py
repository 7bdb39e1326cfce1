"""Makes daily reports, each in its own transaction."""

import asyncio
import logging
from datetime import date

from app.errors import ReportInProgress, ReportUnbalanced, Unavailable
from app.services.reports.report_maker import Outcome
from app.wiring.areas.reports import provide_report_maker, provide_report_schedule
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_POLL_SECONDS = 0.05
_MAX_WAIT_SECONDS = 20.0
_SHARE = 0.2


async def make_report(shop: Shop, day: date, *, only_if_due: bool = False) -> Outcome:
    """Make the report of a day after its last order was committed.

    Raises:
        DayNotOver, ReportInProgress, ReportUnbalanced: no report was made.
    """
    await _wait_for_transactions(shop, day)
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _make(shop, day, only_if_due=only_if_due)
        except ReportUnbalanced as error:
            # An import may have added an order between two of the queries.
            logger.info("making the report again: %s", error)
    return await _make(shop, day, only_if_due=only_if_due)


async def make_due_reports(shop: Shop, *, is_catching_up: bool = False) -> list[date]:
    """Make the report of every due day; return the days whose reports were made, the oldest first.

    When catching up, a day is not due before the first scheduled time after its end. In a process
    that serves requests, the work for many days takes a fifth of the time, and the newest day is
    made first.
    """
    async with shop.database.read() as session:
        schedule = provide_report_schedule(session, shop)
        due = await schedule.due_days(is_catching_up=is_catching_up)
    made, loop = [], asyncio.get_running_loop()
    is_serving = shop.settings.rabbitmq_host is None
    if is_serving:
        # There are no messages, which are to be sent in the order of the days.
        due.reverse()
    for day in due:
        started_at = loop.time()
        if await _make_if_due(shop, day):
            made.append(day)
        if is_serving and day != due[-1]:
            await asyncio.sleep((loop.time() - started_at) * (1 / _SHARE - 1))
    return sorted(made)


async def _make_if_due(shop: Shop, day: date) -> bool:
    """Make the report of a day; return whether it was made, and log the reason if not."""
    try:
        return await make_report(shop, day, only_if_due=True) is not Outcome.UNCHANGED
    except ReportInProgress:
        pass
    except ReportUnbalanced as error:
        # A day whose ledger was edited by hand must not block the other days.
        logger.error("no report of %s: %s", day, error)
    except Unavailable:
        raise
    except Exception:  # pylint: disable=broad-exception-caught  # must not block the other days
        logger.exception("no report of %s", day)
    return False


async def _make(shop: Shop, day: date, *, only_if_due: bool) -> Outcome:
    async with shop.database.write() as session:
        maker = provide_report_maker(session, shop)
        return await (maker.make_if_due(day) if only_if_due else maker.make(day))


async def _wait_for_transactions(shop: Shop, day: date) -> None:
    """Wait for the transactions that were running when the day was found to have ended.

    An order gets its time some milliseconds before its commit. A commit after the wait makes the
    report outdated, and it is made again later.
    """
    async with shop.database.read() as session:
        transaction = await provide_report_schedule(session, shop).transaction_to_wait_for(day)
    if transaction is None:
        return
    deadline = asyncio.get_running_loop().time() + _MAX_WAIT_SECONDS
    while not await _is_settled(shop, transaction):
        if asyncio.get_running_loop().time() > deadline:
            logger.warning("a transaction does not end; making the report of %s without it", day)
            return
        # No session is open here: the orders that this waits for may need its connection.
        await asyncio.sleep(_POLL_SECONDS)


async def _is_settled(shop: Shop, transaction: int) -> bool:
    async with shop.database.read() as session:
        return await provide_report_schedule(session, shop).is_settled(transaction)

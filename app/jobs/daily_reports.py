"""Has reports made, each in a transaction of its own."""

import asyncio
import logging
from datetime import date

from app.errors import ReportInProgress, ReportUnbalanced
from app.services.reports.report_maker import Outcome
from app.wiring.reports import provide_report_maker, provide_report_schedule
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_POLL_SECONDS = 0.05
_SETTLING_SECONDS = 20.0


async def make_report(shop: Shop, day: date, *, only_if_due: bool = False) -> Outcome:
    """Make the report of a day, once its last order is committed.

    Raises:
        DayNotOver, ReportInProgress, ReportUnbalanced: nothing is made.
    """
    await _settle(shop, day)
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _make(shop, day, only_if_due=only_if_due)
        except ReportUnbalanced as error:
            # An import may have added an order between two of the sums.
            logger.info("made once more: %s", error)
    return await _make(shop, day, only_if_due=only_if_due)


async def make_due_reports(shop: Shop) -> list[date]:
    """Make the report of every day that needs one; return the days of those that were made."""
    async with shop.database.read() as session:
        due = await provide_report_schedule(session, shop).due_days()
    made = []
    for day in due:
        try:
            if await make_report(shop, day, only_if_due=True) is not Outcome.UNCHANGED:
                made.append(day)
        except ReportInProgress:
            continue
        except ReportUnbalanced as error:
            # One day whose books somebody has mended by hand must not keep the others back.
            logger.error("no report of %s: %s", day, error)
    return made


async def _make(shop: Shop, day: date, *, only_if_due: bool) -> Outcome:
    async with shop.database.write() as session:
        maker = provide_report_maker(session, shop)
        return await (maker.make_if_due(day) if only_if_due else maker.make(day))


async def _settle(shop: Shop, day: date) -> None:
    """Wait until every transaction has ended that was running when the day was seen to be over.

    An order gets its time some milliseconds before it is committed. What takes longer than we wait
    is noticed later: the report is outdated then, and made anew.
    """
    async with shop.database.read() as session:
        schedule = provide_report_schedule(session, shop)
        transaction = await schedule.transaction_to_wait_for(day)
        if transaction is None:
            return
        deadline = asyncio.get_running_loop().time() + _SETTLING_SECONDS
        while not await schedule.is_settled(transaction):
            if asyncio.get_running_loop().time() > deadline:
                logger.warning("a transaction does not end; the report of %s goes without it", day)
                return
            await asyncio.sleep(_POLL_SECONDS)

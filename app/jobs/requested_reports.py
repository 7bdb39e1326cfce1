"""Tasks that callers request, run by TaskIQ's workers or, without them, by the web process."""

import logging
from datetime import date
from uuid import UUID

from app.core.queues import TASK_QUEUE
from app.errors import DomainError, ReportInProgress, Unavailable
from app.jobs.daily_reports import make_report
from app.messaging.settle import HandlerFailed
from app.observability.request_ids import bound_request_id, sane_request_id
from app.runtime.supervisor import GrowingPause
from app.schemas.messaging.task_message import arguments_in
from app.wiring.areas.messaging import provide_operations
from app.wiring.areas.reports import provide_reports
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_RETRY_SECONDS = (0.2, 10.0)


async def run_task(shop: Shop, body: bytes) -> None:
    """Run the task of a message in this process."""
    await make_asked_report(shop, **arguments_in(body))


async def make_asked_report(
    shop: Shop, day: str, operation_id: str, request_id: str | None = None
) -> None:
    """Make a requested report and record the result of the operation.

    TaskIQ drops a task that fails, so this one retries while the database is unavailable or another
    process creates the same report.
    """
    pause = GrowingPause(*_RETRY_SECONDS)
    with bound_request_id(sane_request_id(request_id)):
        while True:
            try:
                await _make(shop, date.fromisoformat(day), UUID(operation_id))
                return
            except (Unavailable, ReportInProgress):
                await pause.rest()


async def _make(shop: Shop, day: date, operation_id: UUID) -> None:
    async with shop.database.write() as session:
        await provide_operations(session, shop).mark_running([operation_id])
    try:
        await make_report(shop, day)
    except (Unavailable, ReportInProgress):
        raise
    except DomainError as error:
        await _record_failure(shop, operation_id, error)
    except Exception:  # pylint: disable=broad-exception-caught  # an entry point of its own
        logger.exception("the report of %s failed", day)
        await _record_failure(shop, operation_id, HandlerFailed(f"the report of {day} failed"))
    else:
        async with shop.database.write() as session:
            report = await provide_reports(session, shop).summary(day)
            operations = provide_operations(session, shop)
            for operation in (await operations.of_messages(TASK_QUEUE, [operation_id])).values():
                operations.mark_succeeded(operation, report)


async def _record_failure(shop: Shop, operation_id: UUID, error: DomainError) -> None:
    async with shop.database.write() as session:
        await provide_operations(session, shop).mark_failed(TASK_QUEUE, operation_id, error)

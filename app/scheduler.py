"""The scheduled and requested tasks of the shop, run by TaskIQ.

With RabbitMQ, `taskiq scheduler app.scheduler:scheduler` sends the tasks and any number of
`taskiq worker app.scheduler:broker` run them; without it, the web process does both.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from multiprocessing import parent_process
from typing import Any, cast

from taskiq import (
    AsyncBroker,
    InMemoryBroker,
    ScheduleSource,
    TaskiqEvents,
    TaskiqScheduler,
    TaskiqState,
)
from taskiq.api import run_scheduler_task
from taskiq.schedule_sources import LabelScheduleSource
from taskiq.serializers import JSONSerializer
from yarl import URL

from app.core.queues import TASK_QUEUE
from app.errors import Unavailable
from app.jobs.daily_reports import make_due_reports
from app.jobs.requested_reports import make_asked_report
from app.observability.request_ids import sane_request_id
from app.observability.tracing import flush_traces
from app.runtime.heartbeat import heartbeat
from app.runtime.process import begin_process, freeze_heap
from app.runtime.supervisor import end
from app.services.reports.report_service import MAKE_REPORT
from app.settings import InvalidSettings, Settings, get_settings
from app.wiring.lifecycle import delete_expired, prepare
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_CATCH_UP_SECONDS = 300
_CLEANUP_SECONDS = 3_600
_NEW_SCHEDULE_SECONDS = 60
# The prefix has no colon: with one, schedules of the past are never found.
_PREFIX = "lavka-schedules"

_RUNNING: set[asyncio.Task[Any]] = set()


def broker() -> AsyncBroker:
    """Return the broker of the settings with all tasks."""
    begin_process(get_settings())
    _require_broker(get_settings())
    shop = Shop(get_settings())
    task_broker = _with_tasks(_rabbitmq(shop.settings), shop)

    async def open_shop(_state: TaskiqState) -> None:
        await prepare(shop)
        freeze_heap()

    async def close_shop(_state: TaskiqState) -> None:
        await shop.close()

    for event in (TaskiqEvents.WORKER_STARTUP, TaskiqEvents.CLIENT_STARTUP):
        task_broker.add_event_handler(event, _wait_for_broker)
    task_broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, open_shop)
    task_broker.add_event_handler(TaskiqEvents.WORKER_SHUTDOWN, close_shop)
    _add_heartbeat(task_broker, shop.settings)
    return task_broker


async def _wait_for_broker(_state: TaskiqState) -> None:
    """Wait for the broker: the library would end the process, which would restart each second."""
    # Not needed by a web process without RabbitMQ, which would keep two megabytes for it.
    from app.messaging.rabbitmq.broker import (  # pylint: disable=import-outside-toplevel
        wait_for_broker,
    )

    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in handlers:
        signal.signal(each, lambda *_: loop.call_soon_threadsafe(stopping.set))
    try:
        if not await wait_for_broker(get_settings(), stopping):
            raise SystemExit
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


def _add_heartbeat(task_broker: Any, settings: Settings) -> None:
    """Write the heartbeat of a worker or a scheduler from its start to its end."""
    stack = AsyncExitStack()

    def problem() -> str | None:
        is_connected = (
            task_broker.write_conn is not None and task_broker.write_conn.connected.is_set()
        )
        return None if is_connected else "RabbitMQ is unavailable"

    async def begin(_state: TaskiqState) -> None:
        task = asyncio.current_task()
        if task_broker.is_scheduler_process and task is not None:
            # The library handles only SIGINT; to cancel its main task is a clean shutdown, too.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await stack.enter_async_context(heartbeat(settings.heartbeat_file, problem))

    async def finish(_state: TaskiqState) -> None:
        await stack.aclose()
        await flush_traces()

    for event in (TaskiqEvents.WORKER_STARTUP, TaskiqEvents.CLIENT_STARTUP):
        task_broker.add_event_handler(event, begin)
    for event in (TaskiqEvents.WORKER_SHUTDOWN, TaskiqEvents.CLIENT_SHUTDOWN):
        task_broker.add_event_handler(event, finish)


def scheduler() -> TaskiqScheduler:
    """Return the scheduler of the settings."""
    return _scheduler_of(broker(), get_settings())


async def run_here(shop: Shop) -> None:
    """Schedule and run the tasks in this process until cancelled."""
    task_broker = _with_tasks(InMemoryBroker(), shop)
    local_scheduler = _scheduler_of(task_broker, shop.settings)
    try:
        await run_scheduler_task(
            local_scheduler,
            run_startup=True,
            # New schedules in Redis, too, are noticed at once by a shop whose clock can be moved.
            interval=timedelta(seconds=1 if shop.settings.test_clock else _NEW_SCHEDULE_SECONDS),
        )
    finally:
        # An interrupted report is made at the next start.
        await end(_RUNNING)
        await task_broker.shutdown()


def _require_broker(settings: Settings) -> None:
    if settings.rabbitmq_host is not None:
        return
    if parent_process() is not None:
        # The manager of the workers would restart this process again and again.
        os.kill(os.getppid(), signal.SIGTERM)
    raise SystemExit(
        "error: RABBITMQ_HOST: must be set for TaskIQ's processes "
        "(for example RABBITMQ_HOST=localhost); without RabbitMQ, main.py runs the tasks"
    )


def _rabbitmq(settings: Settings) -> AsyncBroker:
    # This is not needed by a web process without RabbitMQ.
    # pylint: disable=import-outside-toplevel
    from taskiq_aio_pika import AioPikaBroker, Exchange, Queue

    from app.messaging.rabbitmq.broker import broker_url

    return AioPikaBroker(
        broker_url(settings),
        exchange=Exchange(name=TASK_QUEUE),
        task_queues=[Queue(name=TASK_QUEUE)],
        dead_letter_queue=Queue(name=f"{TASK_QUEUE}.dead_letter"),
    )


def _scheduler_of(task_broker: AsyncBroker, settings: Settings) -> TaskiqScheduler:
    sources: list[ScheduleSource] = [LabelScheduleSource(task_broker)]
    if settings.redis_host is not None:
        sources.append(added_schedules(settings))
    return TaskiqScheduler(task_broker, sources)


def added_schedules(settings: Settings) -> ScheduleSource:
    """Return the schedules in Redis, which can be added and deleted while the shop runs.

    Raises:
        InvalidSettings: there is no Redis.
    """
    if settings.redis_host is None:
        raise InvalidSettings(
            "REDIS_HOST: must be set for schedules that are added while the shop runs "
            "(for example REDIS_HOST=localhost)"
        )
    # Not needed without Redis.
    from taskiq_redis import (  # pylint: disable=import-outside-toplevel
        ListRedisScheduleSource,
    )

    password = settings.redis_password
    url = URL.build(
        scheme="redis",
        host=settings.redis_host,
        port=settings.redis_port,
        password=password.get_secret_value() if password else None,
        path=f"/{settings.redis_db}",
    )
    # The default is pickle, which would let anybody who can write to Redis execute code.
    return ListRedisScheduleSource(str(url), prefix=_PREFIX, serializer=JSONSerializer())


@contextmanager
def _tracked(shop: Shop, name: str, request_id: str | None = None) -> Iterator[None]:
    """Track a running task; a task stopped by an outage of the database runs again later."""
    task = cast("asyncio.Task[Any]", asyncio.current_task())
    _RUNNING.add(task)
    began, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "done"
    except Unavailable as error:
        outcome = "postponed"
        logger.warning("postponed: %s", error)
    finally:
        _RUNNING.discard(task)
        if shop.access_log is not None:
            seconds = time.perf_counter() - began
            shop.access_log.task(name, outcome, seconds, sane_request_id(request_id))


def _with_tasks(task_broker: AsyncBroker, shop: Shop) -> AsyncBroker:
    settings = shop.settings
    daily = {
        "cron": settings.report_cron,
        "cron_offset": settings.shop_timezone,
        "schedule_id": "generate-reports",
    }
    # Intervals begin with the scheduler. A clock that can be moved is checked often.
    catch_up = {
        "interval": 1 if settings.test_clock else _CATCH_UP_SECONDS,
        "schedule_id": "catch-up",
    }
    hourly = {"interval": _CLEANUP_SECONDS, "schedule_id": "tidy"}

    async def generate_reports() -> None:
        with _tracked(shop, "generate_reports"):
            await make_due_reports(shop)

    async def catch_up_reports() -> None:
        with _tracked(shop, "catch_up_reports"):
            await make_due_reports(shop, is_catching_up=True)

    async def tidy() -> None:
        with _tracked(shop, "tidy"):
            await delete_expired(shop)

    async def make_report(day: str, operation_id: str, request_id: str | None = None) -> None:
        with _tracked(shop, MAKE_REPORT, request_id):
            await make_asked_report(shop, day, operation_id, request_id)

    task_broker.register_task(generate_reports, "generate_reports", schedule=[daily])
    task_broker.register_task(catch_up_reports, "catch_up_reports", schedule=[catch_up])
    task_broker.register_task(tidy, "tidy", schedule=[hourly])
    task_broker.register_task(make_report, MAKE_REPORT)
    return task_broker

"""Runs TaskIQ's programs over midnights, kills them, and checks that each day has one report.

Needs RabbitMQ and libfaketime (Debian: rabbitmq-server, faketime), and takes about four minutes.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import aio_pika
from sqlalchemy import text

from app.core.clock import Clock
from app.database.advisory_locks import AdvisoryLock
from app.settings import Settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from benchmarks.reports.million import fill
from benchmarks.support.servers import environment, settings_of
from tests.support.processes import Program
from tests.support.servers import PostgresServer, RabbitMQServer, start_postgres, start_rabbitmq
from tests.test_reports.books import add_orders, open_shop, reports_of
from tests.test_reports.programs import log_of, running

ZONE = "Europe/Berlin"
KILLS = 10
_DAY = timedelta(days=1)
_SCHEDULER = ("taskiq", "scheduler", "app.scheduler:scheduler")
_WORKER = ("taskiq", "worker", "app.scheduler:broker", "--workers", "1")
_CONSUMER = ("app.rabbitmq_consumer",)
_LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1"
_IS_MAKING = text(
    f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = {AdvisoryLock.REPORT}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def at_another_time(
    settings: Settings, moved: timedelta, folder: Path, *program: str
) -> AbstractContextManager[Program]:
    """Run a program at another time."""
    (library,) = Path("/").glob(_LIBRARY.removeprefix("/"))
    time_of_its_own = {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"+{moved.total_seconds():.0f}",
        # The durations of sleeps and timeouts do not change.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    # LD_PRELOAD takes effect only when Python itself is started.
    return running(folder, environment(settings) | time_of_its_own, *program, by_python=True)


async def until(what: str, ask: Callable[[], Awaitable[bool]], seconds: float) -> float:
    """Wait until a condition is true; return the seconds, or raise an error after a limit."""
    before = time.monotonic()
    while not await ask():
        if time.monotonic() - before > seconds:
            sys.exit(f"FAILED: not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.1)
    return time.monotonic() - before


async def messages(server: RabbitMQServer) -> list[dict[str, Any]]:
    """Remove all messages from the queue `report`."""
    found = []
    async with await aio_pika.connect(server.url()) as connection:
        queue = await (await connection.channel()).get_queue("report")
        while (message := await queue.get(no_ack=True, fail=False)) is not None:
            found.append(json.loads(message.body))
    return found


def require(is_so: bool, what: str) -> None:
    """End with an error unless a condition is true."""
    print(f"{'ok  ' if is_so else 'FAIL'} {what}", flush=True)
    if not is_so:
        sys.exit(1)


async def over_midnights(settings: Settings, rabbitmq: RabbitMQServer, folder: Path) -> None:
    """Two schedulers and two workers over one midnight; then none over three."""
    shop = Shop(settings, Clock())
    today = shop.days.day_of(shop.clock.now())
    moved = shop.days.start_of(today + _DAY) - timedelta(seconds=25) - shop.clock.now()
    shop.clock.move(moved)
    await prepare(shop)
    await open_shop(shop)
    moments = [shop.clock.now() - timedelta(seconds=each) for each in range(500)]
    await add_orders(shop, moments)
    await _over_one(shop, rabbitmq, folder, moved)
    moved += 3 * _DAY
    shop.clock.move(3 * _DAY)
    await _over_three(shop, rabbitmq, folder, moved)
    await shop.close()


async def _have(shop: Shop, wanted: int) -> bool:
    return len(await reports_of(shop)) == wanted


async def _over_one(shop: Shop, rabbitmq: RabbitMQServer, folder: Path, moved: timedelta) -> None:
    """Two schedulers and two workers run over a midnight that is 25 seconds away."""
    midnight = shop.days.start_of(shop.days.day_of(shop.clock.now()) + _DAY)
    programs = (_CONSUMER, _WORKER, _WORKER, _SCHEDULER, _SCHEDULER)
    with ExitStack() as stack:
        for program in programs:
            stack.enter_context(at_another_time(shop.settings, moved, folder, *program))
        await asyncio.sleep((midnight - shop.clock.now()).total_seconds() - 2)
        require(await _have(shop, 0), "two seconds before midnight there is no report")
        await until("a report after midnight", lambda: _have(shop, 1), 30)
        late = (await reports_of(shop))[0].created_at - midnight
        print(f"     it was made {late.total_seconds():.2f} s after midnight")
        await asyncio.sleep(10)
    require(
        log_of(folder).count("Sending task generate_reports") == 2, "both schedulers sent the task"
    )
    require(await _have(shop, 1), "one report")
    found = await messages(rabbitmq)
    require(len(found) == 1 and found[0]["reports_count"] == 500, "one message, with 500 orders")


async def _over_three(shop: Shop, rabbitmq: RabbitMQServer, folder: Path, moved: timedelta) -> None:
    """Programs that were down over three midnights make three reports after their restart."""
    with ExitStack() as stack:
        for program in (_CONSUMER, _WORKER, _SCHEDULER):
            stack.enter_context(at_another_time(shop.settings, moved, folder, *program))
        seconds = await until("three more reports", lambda: _have(shop, 4), 60)
        print(f"     down over three midnights, three reports {seconds:.1f} s after the start")
        await asyncio.sleep(5)
    require(len(await messages(rabbitmq)) == 3, "three messages")


async def under_kills(settings: Settings, _rabbitmq: RabbitMQServer, folder: Path) -> None:
    """A worker is repeatedly killed in the middle of a report of a million lines."""
    # Its orders are those of a day of UTC.
    settings = settings.model_copy(update={"shop_timezone": "UTC"})
    await fill(settings, 100_000)
    shop, day, chance = Shop(settings, Clock()), date(2017, 6, 1), random.Random(6)

    async def is_making() -> bool:
        async with shop.database.read() as session:
            return bool(await session.scalar(_IS_MAKING))

    async def is_there() -> bool:
        return any(each.day == day for each in await reports_of(shop))

    in_the_middle = 0
    with at_another_time(settings, timedelta(), folder, *_SCHEDULER):
        while in_the_middle < KILLS:
            with at_another_time(settings, timedelta(), folder, *_WORKER):
                await until("a report begun", is_making, 60)
                await asyncio.sleep(chance.uniform(0.1, 4))
                in_the_middle += await is_making()
            require(not await is_there(), f"killed {in_the_middle} times in the middle: no report")
        with at_another_time(settings, timedelta(), folder, *_WORKER):
            await until("the report", is_there, 120)
    await require_whole(shop, day)
    await shop.close()


async def require_whole(shop: Shop, day: date) -> None:
    """Require that the report of a day of a million lines exists once and is complete."""
    async with shop.database.read() as session:
        count = text(
            "SELECT count(*), count(DISTINCT order_id) FROM report_lines "
            "WHERE report_day = '2017-06-01'"
        )
        lines, orders = (await session.execute(count)).one()
        waiting = text("SELECT count(*) FROM outbox WHERE message_id LIKE 'report-2017-06-01-1-%'")
        parts = await session.scalar(waiting)
    (report,) = [each for each in await reports_of(shop) if each.day == day]
    require(
        (lines, orders) == (100_000, 100_000),
        f"one whole report: {lines} lines, of {orders} orders",
    )
    require((report.placed.units, report.version) == (1_000_000, 1), "of a million units")
    require(parts == 50, "its message once, in 50 parts")


async def main() -> None:
    """Run both, or the one that is named."""
    runs = {"midnights": over_midnights, "kills": under_kills}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", choices=runs, help="one of them")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        postgres: PostgresServer = stack.enter_context(start_postgres())
        rabbitmq = stack.enter_context(start_rabbitmq())
        for name in [arguments.only] if arguments.only else runs:
            postgres.create_database(name)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            settings = settings_of(postgres, rabbitmq, name, data_dir=folder, shop_timezone=ZONE)
            await runs[name](settings, rabbitmq, folder)
            async with await aio_pika.connect(rabbitmq.url()) as connection:
                await (await connection.channel()).queue_delete("taskiq")


if __name__ == "__main__":
    asyncio.run(main())

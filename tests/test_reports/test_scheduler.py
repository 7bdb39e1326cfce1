"""Processes of TaskIQ make one report a day, even if they are stopped or killed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from pathlib import Path

import aio_pika
import pytest
import pytest_asyncio

from app.messaging.rabbitmq.broker import declare
from app.messaging.rabbitmq.relay import Relay
from app.runtime.heartbeat import diagnose
from app.security.principal import Caller
from app.settings import Settings
from app.wiring.areas.messaging import provide_operations
from app.wiring.areas.reports import provide_reports
from app.wiring.resources import Shop
from tests.conftest import broker_settings, empty, postgres_settings, sqlite_settings
from tests.support.processes import Program, environment, free_port, run, serving
from tests.support.servers import PostgresServer, RabbitMQServer, RedisServer
from tests.support.servers.sqlite import prepared
from tests.test_messaging.conftest import forget_all
from tests.test_messaging.workers import drain, until
from tests.test_reports.books import add_orders, open_shop, reports_of
from tests.test_reports.programs import log_of, running

DATABASE = "scheduled"
SCHEDULER = ("scheduler", "app.scheduler:scheduler")
WORKER = ("worker", "app.scheduler:broker", "--workers", "1")
DAY = timedelta(days=1)


@pytest_asyncio.fixture(name="scheduled", loop_scope="session")
async def shop_with_a_broker(
    postgres_server: PostgresServer,
    rabbitmq_server: RabbitMQServer,
    redis_server: RedisServer,
    tmp_path: Path,
) -> AsyncIterator[Shop]:
    """A shop with orders of today, whose reports are made by other processes."""
    postgres_server.drop_database(DATABASE)
    postgres_server.create_database(DATABASE)
    settings = postgres_settings(
        postgres_server,
        DATABASE,
        **broker_settings(rabbitmq_server),
        redis_host=redis_server.host,
        redis_port=redis_server.port,
        data_dir=tmp_path,
        test_clock=True,
    )
    await forget_all(rabbitmq_server)
    shop = await prepared(settings)
    await open_shop(shop)
    await add_orders(shop, [shop.clock.now() + timedelta(microseconds=each) for each in range(30)])
    yield shop
    await shop.close()
    await empty_queue(rabbitmq_server)


async def empty_queue(server: RabbitMQServer) -> None:
    """Delete the queue with the remaining tasks."""
    async with await aio_pika.connect(server.url(), timeout=60) as connection:
        await (await connection.channel()).queue_delete("taskiq")


def taskiq(
    settings: Settings, folder: Path, *arguments: str, by_python: bool = False
) -> AbstractContextManager[Program]:
    """Run a program of TaskIQ."""
    return running(folder, environment(settings), "taskiq", *arguments, by_python=by_python)


async def messages_of(shop: Shop, server: RabbitMQServer, count: int) -> list[dict[str, object]]:
    """Send the outbox; return the messages of the queue, and assert their number."""
    async with await aio_pika.connect(server.url(), timeout=60) as connection:
        await declare(connection)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        queue = await channel.get_queue("report")
        while await Relay(shop, channel).send_due():
            pass
        messages = await drain(queue, count)
        assert await queue.get(no_ack=True, fail=False, timeout=30) is None
    return [json.loads(each.body) for each in messages]


async def test_two_schedulers_and_two_workers_make_each_report_once(
    scheduled: Shop, rabbitmq_server: RabbitMQServer, tmp_path: Path
) -> None:
    today = scheduled.days.day_of(scheduled.clock.now())

    async def days() -> list[object]:
        return [each.day for each in await reports_of(scheduled)]

    with ExitStack() as stack:
        for program in (WORKER, WORKER, SCHEDULER, SCHEDULER):
            stack.enter_context(taskiq(scheduled.settings, tmp_path, *program))
        scheduled.clock.move(DAY)
        await until(days, [today])
        # All programs end here, and are not running at the next three midnights.
    scheduled.clock.move(3 * DAY)
    with ExitStack() as stack:
        for program in (WORKER, SCHEDULER, WORKER, SCHEDULER):
            stack.enter_context(taskiq(scheduled.settings, tmp_path, *program))
        await until(days, [today + each * DAY for each in range(4)])
    sent = await messages_of(scheduled, rabbitmq_server, 4)
    assert [each["report_date"] for each in sent] == [
        (today + each * DAY).isoformat() for each in range(4)
    ]
    assert [each["reports_count"] for each in sent] == [30, 0, 0, 0]
    assert [each.version for each in await reports_of(scheduled)] == [1, 1, 1, 1]
    assert "Traceback" not in log_of(tmp_path)


async def test_a_killed_worker_leads_to_one_complete_report(
    scheduled: Shop, rabbitmq_server: RabbitMQServer, tmp_path: Path
) -> None:
    today = scheduled.days.day_of(scheduled.clock.now())

    async def state() -> object:
        return [(each.day, each.placed.orders_count) for each in await reports_of(scheduled)]

    scheduled.clock.move(DAY)
    with taskiq(scheduled.settings, tmp_path, *SCHEDULER):
        for delay_seconds in (0.2, 0.4, 0.7):
            with taskiq(scheduled.settings, tmp_path, *WORKER):
                await asyncio.sleep(delay_seconds)
        with taskiq(scheduled.settings, tmp_path, *WORKER):
            await until(state, [(today, 30)])
    assert len(await messages_of(scheduled, rabbitmq_server, 1)) == 1


async def test_a_requested_report_is_made_by_a_worker_of_taskiq(
    scheduled: Shop, rabbitmq_server: RabbitMQServer, tmp_path: Path
) -> None:
    today, asker = scheduled.days.day_of(scheduled.clock.now()), Caller("a test")
    scheduled.clock.move(DAY)
    async with scheduled.database.write() as session:
        asked = await provide_reports(session, scheduled).ask(asker, today)

    async def state() -> object:
        async with scheduled.database.read() as session:
            shown = await provide_operations(session, scheduled).get(asker, asked.id)
            return shown.state.value, shown.result and shown.result["placed"]["orders_count"]

    assert await state() == ("queued", None)
    with taskiq(scheduled.settings, tmp_path, *WORKER):
        async with await aio_pika.connect(rabbitmq_server.url(), timeout=60) as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            await declare(connection)
            relay = Relay(scheduled, channel)

            async def sent() -> object:
                # The message waits in the outbox until the worker has declared its queue.
                await relay.send_due()
                scheduled.clock.move(timedelta(seconds=5))
                return await state()

            await until(sent, ("succeeded", 30))


@pytest.mark.parametrize("program", [SCHEDULER, WORKER], ids=["scheduler", "worker"])
async def test_a_process_of_taskiq_has_a_heartbeat_and_stops_cleanly(
    scheduled: Shop, tmp_path: Path, program: tuple[str, ...]
) -> None:
    beat = tmp_path / "beat"

    async def verdict() -> str | None:
        return diagnose(beat, is_alive=False)

    settings = scheduled.settings.model_copy(update={"heartbeat_file": beat})
    with taskiq(settings, tmp_path, *program, by_python=True) as process:
        await until(verdict, None)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0, log_of(tmp_path)
    assert not beat.exists()
    assert "Traceback" not in log_of(tmp_path)


@pytest.mark.parametrize("program", [SCHEDULER, WORKER], ids=["scheduler", "worker"])
async def test_a_process_without_a_broker_ends_and_names_the_missing_setting(
    tmp_path: Path, program: tuple[str, ...]
) -> None:
    done = await asyncio.to_thread(
        run, sqlite_settings(tmp_path), tmp_path, "-m", "taskiq", *program
    )
    assert done.returncode == (1 if program is SCHEDULER else 0)
    assert done.stderr.count("error: RABBITMQ_HOST") == 1
    assert "RABBITMQ_HOST: must be set for TaskIQ's processes" in done.stderr


async def test_a_worker_of_taskiq_waits_for_a_broker_that_is_down(
    scheduled: Shop, tmp_path: Path
) -> None:
    port = free_port()
    settings = scheduled.settings.model_copy(update={"rabbitmq_port": port})

    async def told() -> int:
        return log_of(tmp_path).count("RabbitMQ is unavailable")

    with taskiq(settings, tmp_path, *WORKER) as process:
        await until(told, 1)
        await asyncio.sleep(3)
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
    assert await told() == 1
    assert "Traceback" not in log_of(tmp_path)


async def test_a_shop_in_one_process_makes_its_reports_itself(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path, test_clock=True)
    shop = await prepared(settings)
    await open_shop(shop)
    await add_orders(shop, [shop.clock.now()])
    today = shop.days.day_of(shop.clock.now())

    async def days() -> list[object]:
        return [each.day for each in await reports_of(shop)]

    with serving(settings, tmp_path) as served:
        shop.clock.move(DAY)
        await until(days, [today])
        code, _, errors = await asyncio.to_thread(served.stop)
    assert (code, "Traceback" in errors) == (0, False), errors
    assert await days() == [today]
    await empty(shop)
    await shop.close()

"""The health that a worker reports."""

import dataclasses
import signal
from pathlib import Path

from app.runtime.heartbeat import diagnose
from tests.support.servers.relay import Relay
from tests.test_messaging.workers import Stand, ended, until

# A worker with a short heartbeat interval.
QUICK_BEAT = """
from functools import partial
from app import rabbitmq_consumer

rabbitmq_consumer.heartbeat = partial(rabbitmq_consumer.heartbeat, beat_seconds=0.1)
rabbitmq_consumer.main()
"""


async def test_a_worker_is_ready_with_its_broker_and_alive_without_it(
    stand: Stand, tmp_path: Path
) -> None:
    path = tmp_path / "heartbeat"

    async def said() -> str | None:
        return diagnose(path, is_alive=False)

    assert await said() == "there is no heartbeat"
    async with Relay(stand.server.host, stand.server.port) as relay:
        changes = {"heartbeat_file": path, "rabbitmq_port": relay.port}
        watched = dataclasses.replace(stand, settings=stand.settings.model_copy(update=changes))
        with watched.worker("-c", QUICK_BEAT) as worker:
            await until(said, None)
            await stand.wait_for_workers()
            await relay.cut()
            await until(said, "RabbitMQ is unavailable")
            assert diagnose(path, is_alive=True) is None
            await relay.open()
            await until(said, None)
            assert await ended(worker, 30) == 0
    assert await said() == "there is no heartbeat"


async def test_a_blocked_worker_is_not_alive(stand: Stand, tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    settings = stand.settings.model_copy(update={"heartbeat_file": path})
    with dataclasses.replace(stand, settings=settings).worker("-c", QUICK_BEAT) as worker:

        async def is_dead() -> bool:
            return diagnose(path, stale_seconds=1, is_alive=True) is not None

        await until(is_dead, False)
        worker.send_signal(signal.SIGSTOP)
        await until(is_dead, True)
        worker.send_signal(signal.SIGCONT)
        await until(is_dead, False)

"""What a worker tells of itself to whoever watches it."""

import dataclasses
import signal
from pathlib import Path

from app.heartbeat import complaint
from tests.test_messaging.workers import Stand, ended, until


async def test_a_worker_is_well_while_it_has_its_broker_and_alive_without(
    stand: Stand, tmp_path: Path
) -> None:
    path = tmp_path / "heartbeat"
    settings = stand.settings.model_copy(update={"heartbeat_file": path})
    watched = dataclasses.replace(stand, settings=settings)

    async def said() -> str | None:
        return complaint(path, is_alive=False)

    assert await said() == "there is no sign of life"
    with watched.worker() as worker:
        await until(said, None)
        await stand.wait_for_workers()
        stand.server.stop()
        try:
            await until(said, "RabbitMQ is away")
            assert complaint(path, is_alive=True) is None
        finally:
            stand.server.start()
        await until(said, None)
        assert await ended(worker, 30) == 0
    assert await said() == "there is no sign of life"


async def test_a_worker_that_stands_still_is_not_alive(stand: Stand, tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    settings = stand.settings.model_copy(update={"heartbeat_file": path})
    with dataclasses.replace(stand, settings=settings).worker() as worker:

        async def is_dead() -> bool:
            return complaint(path, stale_seconds=7, is_alive=True) is not None

        await until(is_dead, False)
        worker.send_signal(signal.SIGSTOP)
        await until(is_dead, True)
        worker.send_signal(signal.SIGCONT)
        await until(is_dead, False)

"""Background tasks end when they are cancelled."""

import asyncio

import pytest

from app.errors import Unavailable
from app.runtime import supervisor as background


async def test_a_task_that_swallows_its_cancellation_is_still_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "_CANCEL_AGAIN_SECONDS", 0.01)
    lost = 0

    async def stubborn() -> None:
        nonlocal lost
        while lost < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
        await asyncio.sleep(60)

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    await background.end(tasks)
    assert lost == 2
    assert all(task.cancelled() for task in tasks)


async def test_a_pause_doubles_up_to_its_limit_and_is_reset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    pause = background.GrowingPause(0.2, 1.0)
    for _ in range(5):
        await pause.rest()
    pause.reset()
    await pause.rest()
    assert slept == [0.2, 0.4, 0.8, 1.0, 1.0, 0.2]


@pytest.mark.parametrize(
    ("error", "pause"), [(Unavailable("the database is down"), 2.0), (ValueError("a fault"), 15.0)]
)
async def test_a_background_task_is_repeated_sooner_after_an_outage_than_after_a_fault(
    monkeypatch: pytest.MonkeyPatch, error: Exception, pause: float
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise asyncio.CancelledError

    async def fail() -> None:
        raise error

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await background.repeat("a task", fail)
    assert slept == [pause]

"""Errands are done once, are repeated after a failure or by another process, or are given up."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.gateways.payments.provider import ProviderUnreachable
from app.jobs.errands.loop import do_due, do_errands
from app.models import Errand
from app.runtime.supervisor import end
from app.services.orders.payments.order_money import LOOK
from app.wiring.areas.system import provide_errands
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.tables import everything

_ATTEMPTS = 8
_AT_ONCE = 8


async def _put(shop: Shop, kind: str, subject_id: UUID, due_at: datetime | None = None) -> None:
    async with shop.database.write() as session:
        await provide_errands(session, shop).put(kind, subject_id, due_at)


async def _waiting(shop: Shop) -> list[Errand]:
    async with shop.database.read() as session:
        return list(await session.scalars(select(Errand).order_by(Errand.kind)))


class _Noted:
    """A handler that records its subjects, after the given failures."""

    def __init__(self, *failures: Exception) -> None:
        self.done: list[UUID] = []
        self._failures = list(failures)

    async def __call__(self, _shop: Shop, subject_id: UUID) -> None:
        if self._failures:
            raise self._failures.pop()
        self.done.append(subject_id)


async def test_an_errand_is_done_once_after_the_commit(shop: Shop) -> None:
    subject_id, handler = uuid4(), _Noted()
    with pytest.raises(ZeroDivisionError):
        async with shop.database.write() as session:
            await provide_errands(session, shop).put("a", uuid4())
            raise ZeroDivisionError
    await _put(shop, "a", subject_id)
    await _put(shop, "a", subject_id)
    assert await do_due(shop, {"a": handler})
    assert not await do_due(shop, {"a": handler})
    assert handler.done == [subject_id]
    assert await _waiting(shop) == []


async def test_an_errand_waits_until_it_is_due(shop: Shop) -> None:
    handler = _Noted()
    await _put(shop, "a", uuid4(), shop.clock.now() + timedelta(hours=1))
    assert not await do_due(shop, {"a": handler})
    with later(shop, timedelta(hours=1)):
        assert await do_due(shop, {"a": handler})
    assert len(handler.done) == 1


async def test_an_errand_of_an_unknown_kind_waits_for_a_process_that_knows_it(shop: Shop) -> None:
    await _put(shop, "b", uuid4())
    before = await everything(shop)
    assert not await do_due(shop, {"a": _Noted()})
    assert await everything(shop) == before


async def test_one_errand_of_each_kind_is_done_at_a_time(shop: Shop) -> None:
    running, most = 0, 0

    async def handle(_shop: Shop, _subject_id: UUID) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    for kind in ("a", "a", "a", "b"):
        await _put(shop, kind, uuid4())
    assert await do_due(shop, {"a": handle, "b": handle})
    assert most == 2
    assert [each.kind for each in await _waiting(shop)] == ["a", "a"]


async def test_errands_that_wait_for_providers_are_done_concurrently_up_to_a_limit(
    shop: Shop,
) -> None:
    running, most = 0, 0

    async def handle(_shop: Shop, _subject_id: UUID) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    for _ in range(_AT_ONCE + 2):
        await _put(shop, LOOK, uuid4())
    assert await do_due(shop, {LOOK: handle})
    assert (most, len(await _waiting(shop))) == (_AT_ONCE, 2)
    assert await do_due(shop, {LOOK: handle})
    assert (most, await _waiting(shop)) == (_AT_ONCE, [])


async def test_an_errand_that_does_not_end_does_not_delay_others(shop: Shop) -> None:
    slow, done, hang = uuid4(), set[UUID](), asyncio.Event()
    others = {uuid4() for _ in range(2 * _AT_ONCE)}

    async def handle(_shop: Shop, subject_id: UUID) -> None:
        if subject_id == slow:
            await hang.wait()
        done.add(subject_id)

    for subject_id in (slow, *others):
        await _put(shop, LOOK, subject_id)
    doing = asyncio.create_task(do_errands(shop, {LOOK: handle}))
    async with asyncio.timeout(30):
        while [each.subject_id for each in await _waiting(shop)] != [slow]:
            await asyncio.sleep(0.05)
    assert done == others
    await end([doing])
    # The errand is done again when its lease is over.
    hang.set()
    with later(shop, timedelta(minutes=1)):
        assert await do_due(shop, {LOOK: handle})
    assert done == {slow, *others}


async def test_an_errand_whose_service_is_unreachable_is_done_soon_after_it_is_back(
    shop: Shop,
) -> None:
    handler = _Noted(*[ProviderUnreachable("away")] * 2 * _ATTEMPTS)
    await _put(shop, LOOK, uuid4())
    for attempt in range(2 * _ATTEMPTS):
        with later(shop, timedelta(minutes=attempt)):
            assert await do_due(shop, {LOOK: handler})
    with later(shop, timedelta(minutes=2 * _ATTEMPTS)):
        assert await do_due(shop, {LOOK: handler})
    assert (len(handler.done), await _waiting(shop)) == (1, [])


async def test_a_failed_errand_is_repeated_with_growing_delays_and_does_not_stop_others(
    shop: Shop,
) -> None:
    failing, other = _Noted(ValueError("no"), OSError("disk")), _Noted()
    await _put(shop, "a", uuid4())
    await _put(shop, "b", uuid4())
    handlers = {"a": failing, "b": other}
    now = shop.clock.now()
    assert await do_due(shop, handlers)
    assert len(other.done) == 1
    (errand,) = await _waiting(shop)
    assert (errand.attempts, errand.last_error) == (1, "OSError: disk")
    assert timedelta(seconds=10) <= errand.due_at - now < timedelta(seconds=30)
    assert not await do_due(shop, handlers)
    with later(shop, timedelta(seconds=30)):
        now = shop.clock.now()
        assert await do_due(shop, handlers)
        (errand,) = await _waiting(shop)
        assert timedelta(seconds=20) <= errand.due_at - now < timedelta(seconds=40)
    with later(shop, timedelta(seconds=90)):
        assert await do_due(shop, handlers)
    assert (len(failing.done), await _waiting(shop)) == (1, [])


async def test_an_errand_that_always_fails_is_given_up_and_stays_stored(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    subject_id = uuid4()
    handler = _Noted(*[ValueError("x" * 1_000)] * _ATTEMPTS)
    await _put(shop, "a", subject_id)
    with caplog.at_level(logging.ERROR, "app.jobs.errands.loop"):
        for attempt in range(_ATTEMPTS):
            with later(shop, timedelta(hours=attempt)):
                assert await do_due(shop, {"a": handler})
    (record,) = caplog.records
    assert f"gave up errand a of {subject_id} after {_ATTEMPTS} attempts" in record.getMessage()
    (errand,) = await _waiting(shop)
    assert errand.given_up_at is not None and len(errand.last_error or "") == 200
    with later(shop, timedelta(days=30)):
        assert not await do_due(shop, {"a": handler})
    await _put(shop, "a", subject_id)
    assert await do_due(shop, {"a": handler})
    assert (handler.done, await _waiting(shop)) == ([subject_id], [])


async def test_an_errand_that_is_put_again_while_it_is_done_is_done_again(shop: Shop) -> None:
    done: list[UUID] = []

    async def handle(_shop: Shop, subject_id: UUID) -> None:
        if not done:
            await _put(shop, "a", subject_id)
        done.append(subject_id)

    subject_id = uuid4()
    await _put(shop, "a", subject_id)
    assert await do_due(shop, {"a": handle})
    assert await do_due(shop, {"a": handle})
    assert (done, await _waiting(shop)) == ([subject_id, subject_id], [])


@pytest.mark.parametrize("fails", [False, True])
async def test_an_errand_that_was_put_again_meanwhile_is_not_postponed_or_given_up(
    shop: Shop, fails: bool
) -> None:
    handler: Any = _Noted()

    async def handle(its: Shop, subject_id: UUID) -> None:
        await _put(its, "a", subject_id, shop.clock.now() + timedelta(hours=1))
        if fails:
            raise ValueError
        await handler(its, subject_id)

    await _put(shop, "a", uuid4())
    assert await do_due(shop, {"a": handle})
    (errand,) = await _waiting(shop)
    assert (errand.attempts, errand.last_error) == (0, None)
    assert errand.due_at > shop.clock.now() + timedelta(minutes=50)


async def test_the_errand_of_a_process_that_ended_is_done_by_another_one(shop: Shop) -> None:
    handler = _Noted()
    await _put(shop, "a", uuid4())
    async with shop.database.write() as session:
        taken = await provide_errands(session, shop).take_due("a", timedelta(minutes=2), 1)
    assert len(taken) == 1
    assert not await do_due(shop, {"a": handler})
    with later(shop, timedelta(minutes=2)):
        assert await do_due(shop, {"a": handler})
    assert len(handler.done) == 1

"""The session of a request: with a transaction, without one for a read, or an open one."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.errors import Forbidden
from app.models import AuditEvent
from app.wiring.resources import Shop


def _event() -> AuditEvent:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    return AuditEvent(id=uuid4(), event="event", actor="system", detail={}, created_at=at)


async def _count(shop: Shop) -> int:
    async with shop.database.read() as session:
        return (await session.scalars(select(func.count()).select_from(AuditEvent))).one()


async def test_the_session_of_a_change_commits_at_its_end(shop: Shop) -> None:
    async with shop.database.request_session(None, is_read=False) as session:
        session.add(_event())
        await session.flush()
        assert await _count(shop) == 0
    assert await _count(shop) == 1


async def test_the_session_of_a_refused_change_rolls_back(shop: Shop) -> None:
    with pytest.raises(Forbidden):
        async with shop.database.request_session(None, is_read=False) as session:
            session.add(_event())
            await session.flush()
            raise Forbidden("no")
    assert await _count(shop) == 0


async def test_the_session_of_a_read_sees_later_commits(shop: Shop) -> None:
    async with shop.database.request_session(None, is_read=True) as session:
        count = select(func.count()).select_from(AuditEvent)
        assert (await session.scalars(count)).one() == 0
        async with shop.database.write() as other:
            other.add(_event())
        assert (await session.scalars(count)).one() == 1


async def test_an_open_session_is_reused_and_left_to_its_owner(shop: Shop) -> None:
    async with shop.database.write() as owner:
        async with shop.database.request_session(owner, is_read=False) as session:
            assert session is owner
            session.add(_event())
            await session.flush()
        assert owner.in_transaction()
        assert await _count(shop) == 0
    assert await _count(shop) == 1

"""Many rows are inserted in one statement, or, on SQLite, in one statement for each table."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.models import AuditEvent, DeadLetter, MovementReason, OutboxMessage, StockMovement
from app.repositories.bulk import among, insert_rows, table_of
from app.repositories.catalogue.stock_repository import StockRepository, movement_row
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.ledger import movements_of, stock_of
from tests.support.queries import statements_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
_events = table_of(AuditEvent)
_letters = table_of(DeadLetter)


def event(number: int, **more: Any) -> dict[str, Any]:
    """Return an audit event as columns."""
    row: dict[str, Any] = {
        "id": UUID(int=number),
        "event": f"event {number}",
        "actor": "somebody",
        "subject_id": None,
        "detail": {"number": number},
        "created_at": NOW,
    }
    return row | more


def letter(message_id: str) -> dict[str, Any]:
    """Return a dead letter as columns."""
    return {
        "id": uuid4(),
        "queue": "order",
        "message_id": message_id,
        "body": b"\x00\xff",
        "body_digest": bytes(32),
        "code": "code",
        "reason": "reason",
        "attempts": 1,
        "created_at": NOW,
    }


async def all_of(shop: Shop, kind: Any) -> Sequence[Any]:
    """Return the rows of a table by their keys."""
    async with shop.database.read() as session:
        key = kind.__table__.primary_key
        return (await session.scalars(select(kind).order_by(*key))).all()


async def test_values_of_every_type_are_stored_unchanged(shop: Shop) -> None:
    there = timezone(timedelta(hours=9))
    rows: list[dict[str, object]] = [
        event(1, subject_id=UUID(int=7), detail={}, created_at=NOW.astimezone(there)),
        event(2, event="", actor="\u00fc\u6f22\U0001f375'\"\\{},NULL", detail={"a": [None, {}]}),
        event(3, actor="NULL"),
    ]
    async with shop.database.write() as session:
        await insert_rows(session, (_events, rows), (_letters, [letter("a"), letter("b")]))
    events = await all_of(shop, AuditEvent)
    assert [{name: getattr(each, name) for name in rows[0]} for each in events] == rows
    assert [each.address for each in events] == [None] * 3
    letters = await all_of(shop, DeadLetter)
    assert sorted((each.message_id, each.body) for each in letters) == [
        ("a", b"\x00\xff"),
        ("b", b"\x00\xff"),
    ]


async def test_rows_of_several_tables_are_one_statement_on_postgresql(shop: Shop) -> None:
    async with shop.database.write() as session:
        with statements_of(shop) as statements:
            await insert_rows(session, (_events, [event(1), event(2)]), (_letters, [letter("a")]))
    inserts = [each for each in statements if "INSERT" in each.sql]
    assert len(inserts) == (2 if shop.database.is_sqlite else 1)


async def test_no_rows_execute_no_statement(shop: Shop) -> None:
    async with shop.database.write() as session:
        with statements_of(shop) as statements:
            await insert_rows(session, (_events, []), (_letters, []))
            await insert_rows(session)
    assert not statements


async def test_all_rows_are_added_or_none(shop: Shop) -> None:
    with pytest.raises(DBAPIError):
        async with shop.database.write() as session:
            await insert_rows(
                session, (_events, [event(1)]), (_letters, [letter("same"), letter("same")])
            )
    assert await all_of(shop, AuditEvent) == [] and await all_of(shop, DeadLetter) == []


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_a_text_that_is_too_long_is_refused_and_not_truncated(shop: Shop) -> None:
    with pytest.raises(DBAPIError, match="too long"):
        async with shop.database.write() as session:
            await insert_rows(session, (_events, [event(1, actor="a" * 101)]))
    assert await all_of(shop, AuditEvent) == []


async def test_a_text_does_not_match_its_prefix(shop: Shop) -> None:
    async with shop.database.write() as session:
        await insert_rows(session, (_letters, [letter("a" * 255), letter("b")]))
    async with shop.database.read() as session:
        for asked, found in ((["a" * 256], []), (["a" * 255, "c"], ["a" * 255]), ([], [])):
            which = among(session, DeadLetter.message_id, asked)
            assert list(await session.scalars(select(DeadLetter.message_id).where(which))) == found


async def test_the_statement_is_the_same_for_any_number_of_ids(shop: Shop) -> None:
    async with shop.database.read() as session:
        with statements_of(shop) as statements:
            for count in (1, 2, 200):
                which = among(session, AuditEvent.id, [uuid4() for _ in range(count)])
                await session.execute(select(AuditEvent.event).where(which))
    assert len({each.sql for each in statements}) == (3 if shop.database.is_sqlite else 1)


async def test_messages_are_sent_in_the_order_in_which_they_were_added(shop: Shop) -> None:
    rows: list[dict[str, object]] = [
        {
            "exchange": "",
            "routing_key": "order",
            "message_id": f"{number}",
            "subject": "one",
            "body": b"{}",
            "headers": {},
            "attempts": 0,
            "created_at": NOW,
            "due_at": NOW,
            "awaits": None,
        }
        for number in range(1_000, 0, -1)
    ]
    async with shop.database.write() as session:
        await OutboxRepository(session).send(rows[:500])
        await OutboxRepository(session).add(rows[500:])
    kept = [each.message_id for each in await all_of(shop, OutboxMessage)]
    assert kept == [row["message_id"] for row in rows]


async def test_stock_changes_by_the_sum_of_its_movements(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    first, second = [await create_product(client, stock_quantity=10) for _ in range(2)]
    sales = [(first, -3), (second, -10), (first, -4)]
    async with shop.database.write() as session:
        stock = StockRepository(session)
        locked = await stock.lock_stock([UUID(each["id"]) for each in (first, second)])
        await stock.move_stock(
            [
                movement_row(UUID(each["id"]), moved, MovementReason.SALE, "a test", NOW)
                for each, moved in sales
            ],
            NOW,
            locked,
        )
    assert [await stock_of(client, each["id"]) for each in (first, second)] == [3, 0]
    # The supply is newer than the sales of this test, which are in the past.
    assert sorted(await movements_of(client, first["id"])) == [
        ("sale", -4),
        ("sale", -3),
        ("supply", 10),
    ]


async def test_insufficient_stock_is_an_error_of_the_database(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, stock_quantity=10)
    row = movement_row(UUID(product["id"]), -11, MovementReason.SALE, "a test", NOW)
    with pytest.raises(DBAPIError, match="stock_quantity"):
        async with shop.database.write() as session:
            stock = StockRepository(session)
            await stock.move_stock([row], NOW, await stock.lock_stock([row["variant_id"]]))
    assert await stock_of(client, product["id"]) == 10
    assert len(await all_of(shop, StockMovement)) == 1

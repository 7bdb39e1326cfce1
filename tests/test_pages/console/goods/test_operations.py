"""The pages of operations of the console."""

import httpx
import pytest
from sqlalchemy import select

from app.core.ids import new_id
from app.models import DeadLetter, OutboxMessage, UserRole
from app.wiring.resources import Shop
from tests.test_pages.browser import Browser, log_in_as


async def _park(shop: Shop, body: bytes) -> str:
    now = shop.clock.now()
    letter = DeadLetter(
        id=new_id(now),
        queue="order",
        message_id="m-1",
        code="insufficient-stock",
        reason="Earl Grey: 3 asked for, 2 in stock",
        body=body,
        body_digest=bytes(32),
        attempts=4,
        created_at=now,
    )
    async with shop.database.write() as session:
        session.add(letter)
    return str(letter.id)


async def _letters(shop: Shop) -> int:
    async with shop.database.read() as session:
        return len((await session.scalars(select(DeadLetter.id))).all())


@pytest.mark.any_database
async def test_the_page_shows_health_and_queues(packer: Browser) -> None:
    await packer.go("/console/operations")
    assert packer.page.status_code == 200
    assert "Database Ok" in packer.text and " ms " in packer.text
    assert "Mails to be sent" in packer.text and "Every message could be applied." in packer.text
    assert "The audit trail is for administrators" in packer.text


@pytest.mark.any_database
async def test_a_dead_letter_is_read_and_requeued(packer: Browser, shop: Shop) -> None:
    letter = await _park(shop, b'{"items": []}')
    at = f"/console/operations/dead-letters/{letter}"
    await packer.go("/console/operations")
    assert "Insufficient stock Earl Grey: 3 asked for, 2 in stock 4" in packer.text
    await packer.go(at)
    assert '{"items": []}' in packer.text and "4 attempts" in packer.text
    assert (await packer.send(f"{at}/requeue")).status_code == 303
    assert await _letters(shop) == 0
    async with shop.database.read() as session:
        bodies = (await session.scalars(select(OutboxMessage.body))).all()
    assert b'{"items": []}' in bodies


async def test_a_dead_letter_is_discarded_once(packer: Browser, shop: Shop) -> None:
    letter = await _park(shop, b"{}")
    at = f"/console/operations/dead-letters/{letter}"
    await packer.go(at)
    assert (await packer.send(f"{at}/discard")).status_code == 303
    assert await _letters(shop) == 0
    assert (await packer.go(at)).status_code == 404


@pytest.mark.any_database
async def test_an_administrator_sees_the_audit_events_of_today(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    await log_in_as(browser, client, shop, UserRole.ADMIN)
    await browser.go("/console/operations")
    assert "Audit trail of today Newest first" in browser.text
    assert "login.succeeded anonymous from 127.0.0.1" in browser.text

"""Mails about orders are written once, as text and HTML, to users and guests."""

import asyncio
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from app.controllers import CONTROLLERS
from app.mails.order_mail import OrderMailKind
from app.mails.sample import sample_order
from app.models import OutgoingMail
from app.wiring.areas.system import provide_mails
from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.accounts import mails_of
from tests.support.factories import create_product, order_in
from tests.support.servers.smtp_server import receiving
from tests.test_jobs.mailing import deliver, mailing, to

CONFIRMED, CANCELLED = OrderMailKind.CONFIRMED, OrderMailKind.CANCELLED
EXPIRED = OrderMailKind.EXPIRED


async def an_order(client: httpx.AsyncClient) -> tuple[UUID, UUID]:
    """Place an order; return its id and that of its user."""
    order = await order_in(client, "pending", await create_product(client))
    return UUID(order["id"]), UUID(order["user_id"])


async def write(
    shop: Shop, kind: OrderMailKind, order_id: UUID, user_id: UUID | None = None
) -> bool:
    """Write a mail about an order in a separate transaction; return whether it is new."""
    async with shop.database.write() as session:
        mails = provide_mails(session, shop)
        return await mails.write_about_order(kind, order_id, sample_order("ru"), user_id)


async def about_orders(shop: Shop) -> list[OutgoingMail]:
    """Return the stored mails about orders."""
    return [mail for mail in await mails_of(shop) if mail.html is not None]


async def test_a_mail_is_stored_in_the_language_of_the_customer(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order_id, user_id = await an_order(client)
    assert await write(shop, CONFIRMED, order_id, user_id)
    (mail,) = await about_orders(shop)
    rendered = shop.order_mails.render(CONFIRMED, sample_order("ru"))
    assert (mail.recipient, mail.user_id) == ("ada@example.com", user_id)
    assert (mail.subject, mail.body, mail.html) == (rendered.subject, rendered.text, rendered.html)


async def test_a_mail_of_each_kind_is_written_once_also_after_it_was_sent(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    first, user_id = await an_order(client)
    second, _ = await an_order(client)
    assert await write(shop, CONFIRMED, first, user_id)
    assert not await write(shop, CONFIRMED, first)
    assert len(await about_orders(shop)) == 1
    while await deliver(shop):
        pass
    assert not await write(shop, CONFIRMED, first)
    assert await about_orders(shop) == []
    assert await write(shop, CANCELLED, first)
    assert await write(shop, EXPIRED, first)
    assert await write(shop, CONFIRMED, second)
    assert len(await about_orders(shop)) == 3


async def test_one_of_several_concurrent_writers_writes_the_mail(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order_id, user_id = await an_order(client)
    written = await asyncio.gather(*(write(shop, EXPIRED, order_id, user_id) for _ in range(8)))
    assert sorted(written) == [False] * 7 + [True]
    assert len(await about_orders(shop)) == 1


async def test_a_mail_of_a_transaction_that_fails_is_not_written(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order_id, _ = await an_order(client)
    with pytest.raises(ZeroDivisionError):
        async with shop.database.write() as session:
            mails = provide_mails(session, shop)
            assert await mails.write_about_order(CONFIRMED, order_id, sample_order())
            raise ZeroDivisionError
    assert await about_orders(shop) == []
    assert await write(shop, CONFIRMED, order_id)


async def test_the_erasure_of_a_user_deletes_their_waiting_mails_and_no_others(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order_id, user_id = await an_order(client)
    await write(shop, CONFIRMED, order_id, user_id)
    await write(shop, CANCELLED, order_id)
    assert (await client.get(f"/users/{user_id}/export")).status_code == 200
    assert (await client.delete(f"/users/{user_id}")).status_code == 204
    assert [mail.user_id for mail in await about_orders(shop)] == [None]
    assert not await write(shop, CONFIRMED, order_id)


async def test_a_mail_to_a_guest_arrives_as_text_and_as_html(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    with receiving(tmp_path / "mails") as server:
        async with mailing(settings, CONTROLLERS, **to(server.port)) as (shop, client):
            order_id, _ = await an_order(client)
            while await deliver(shop):
                pass
            assert await write(shop, CONFIRMED, order_id)
            (kept,) = await mails_of(shop)
            assert kept.user_id is None
            assert await deliver(shop)
            assert await mails_of(shop) == []
        message = server.received()[-1].message
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Заказ №\xa01042 в магазине «Lavka»"
    assert message.get_content_type() == "multipart/alternative"
    # A mail program shows the last part that it supports.
    parts = list(message.iter_parts())
    assert [each.get_content_type() for each in parts] == ["text/plain", "text/html"]
    assert [each.get_content_charset() for each in parts] == ["utf-8", "utf-8"]
    contents = [each.get_content().replace("\r\n", "\n") for each in parts]
    assert contents == [kept.body, kept.html]
    assert message.get_all("MIME-Version") == ["1.0"]
    assert message.defects == [] and [each.defects for each in parts] == [[], []]


async def test_without_a_server_the_text_is_printed(
    shop: Shop, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id, _ = await an_order(client)
    while await deliver(shop):
        pass
    capsys.readouterr()
    await write(shop, CONFIRMED, order_id)
    assert await deliver(shop)
    printed = capsys.readouterr().out
    assert "Мы получили ваш заказ" in printed
    assert "<table" not in printed

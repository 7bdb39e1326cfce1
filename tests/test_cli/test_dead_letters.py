"""The `lavka dead-letters` commands: their output, effects and exit codes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from app.jobs.embedded_dispatcher import dispatch_due
from app.messaging.pipeline import Pipeline
from app.models import AuditEvent, DeadLetter, OutboxMessage
from app.wiring.areas.messaging import provide_dead_letters
from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.command_line import lavka
from tests.support.factories import create_product, create_user
from tests.support.ledger import every
from tests.support.processes import away
from tests.support.servers.sqlite import prepared

NOBODY = UUID("0199a1b2-7c00-7d00-8e00-0123456789ab")
REASON = "Earl Grey, 100 g: 3 asked for, 2 in stock"


@pytest_asyncio.fixture(name="still", loop_scope="session")
async def still_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose data only the commands change."""
    shop = await prepared(sqlite_settings(tmp_path / "var"))
    yield shop
    await shop.close()


async def park(shop: Shop, *message_ids: str, queue: str = "order", body: bytes = b"{}") -> None:
    """Park messages, one after another."""
    for message_id in message_ids:
        async with shop.database.write() as session:
            letters = provide_dead_letters(session, shop)
            await letters.park(queue, message_id, body, "insufficient-stock", REASON, 1)


async def rows_of(shop: Shop, model: Any, order: Any) -> list[Any]:
    """Return the rows of a table."""
    async with shop.database.read() as session:
        return list(await session.scalars(select(model).order_by(order)))


async def parked(shop: Shop) -> dict[str, str]:
    """Return the ids of the dead letters by the ids of their messages, oldest first."""
    letters = await rows_of(shop, DeadLetter, DeadLetter.created_at)
    return {each.message_id: str(each.id) for each in letters}


async def sent(shop: Shop) -> list[tuple[str, str]]:
    """Return the messages in the outbox for a queue, in order."""
    messages = await rows_of(shop, OutboxMessage, OutboxMessage.position)
    return [(each.routing_key, each.message_id) for each in messages]


async def noted(shop: Shop) -> list[tuple[str, str]]:
    """Return the audit events with their actors."""
    events = await rows_of(shop, AuditEvent, AuditEvent.created_at)
    return [(each.event, each.actor) for each in events]


async def test_the_list_shows_the_queue_and_the_reason_of_each_dead_letter(still: Shop) -> None:
    await park(still, "first", "second")
    shown = lavka(still.settings, "dead-letters", "list")
    assert (shown.returncode, shown.stderr) == (0, "")
    for words in (
        "order, tried once",
        "insufficient-stock",
        "Earl Grey, 100 g: 3 asked for",
        *(await parked(still)).values(),
    ):
        assert words in shown.stdout
    assert shown.stdout.index("message second") < shown.stdout.index("message first")
    assert max(map(len, shown.stdout.splitlines())) <= 80


async def test_the_list_can_be_limited_to_one_queue_and_a_number(still: Shop) -> None:
    await park(still, "first", "second")
    await park(still, "third", queue="product")
    shown = lavka(still.settings, "dead-letters", "list", "--queue", "product")
    assert "message third" in shown.stdout and "message second" not in shown.stdout
    short = lavka(still.settings, "dead-letters", "list", "--limit", "1")
    assert "message third" in short.stdout and "message second" not in short.stdout
    assert short.stdout.splitlines()[-1] == "only the newest 1 are listed; --limit N lists more"
    empty = lavka(still.settings, "dead-letters", "list", "--queue", "order_update")
    assert (empty.returncode, empty.stdout) == (0, "no dead letters\n")


async def test_the_json_equals_the_response_of_the_api(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    await park(shop, "first", "second", body='{"name": "Чай"}'.encode())
    listed = lavka(shop.settings, "dead-letters", "list", "--json")
    assert json.loads(listed.stdout) == await every(client, "/dead-letters")
    letter = json.loads(listed.stdout)[0]["id"]
    shown = lavka(shop.settings, "dead-letters", "show", letter, "--json")
    assert json.loads(shown.stdout) == (await client.get(f"/dead-letters/{letter}")).json()
    assert listed.returncode == shown.returncode == 0


async def test_one_dead_letter_is_shown_with_its_body(still: Shop) -> None:
    body = json.dumps({"items": ["x" * 200]}, indent=2)
    await park(still, "first", body=body.encode())
    letter = (await parked(still))["first"]
    shown = lavka(still.settings, "dead-letters", "show", letter)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.endswith(f"\n{body}\n")
    for words in (letter, "first", "insufficient-stock", REASON):
        assert words in shown.stdout


async def test_control_characters_of_a_message_do_not_reach_the_terminal(still: Shop) -> None:
    await park(still, "\x1b[2Jfirst [red]", body=b"\x1b]0;mine\x07 [bold]\xff\r\n{}")
    (letter,) = (await parked(still)).values()
    for arguments in (["list"], ["show", letter], ["list", "--json"], ["show", letter, "--json"]):
        shown = lavka(still.settings, "dead-letters", *arguments)
        assert shown.returncode == 0
        assert not {"\x1b", "\x07", "\r"} & set(shown.stdout)
        assert "[2Jfirst [red]" in shown.stdout


async def test_a_missing_dead_letter_ends_the_command_with_2(still: Shop) -> None:
    for action, output in (("show", ""), ("requeue", "0 requeued\n"), ("discard", "0 discarded\n")):
        done = lavka(still.settings, "dead-letters", action, str(NOBODY))
        assert (done.returncode, done.stdout) == (2, output)
        assert done.stderr.startswith("error: there is no ") and str(NOBODY) in done.stderr
    assert await noted(still) == []


async def test_existing_dead_letters_are_requeued_and_missing_ones_named(
    still: Shop,
) -> None:
    await park(still, "first", "second", "third")
    ids = await parked(still)
    asked = [ids["third"], str(NOBODY), ids["first"]]
    done = lavka(still.settings, "dead-letters", "requeue", *asked)
    assert (done.returncode, done.stdout) == (1, "2 requeued\n")
    assert len(done.stderr.splitlines()) == 1 and str(NOBODY) in done.stderr
    assert await sent(still) == [("order", "third"), ("order", "first")]
    assert list(await parked(still)) == ["second"]
    assert await noted(still) == [("dead-letter.requeued", "system")] * 2


async def test_all_dead_letters_of_a_queue_are_requeued_oldest_first(still: Shop) -> None:
    names = [f"m{number}" for number in range(203)]
    await park(still, *names)
    await park(still, "other", queue="product")
    everything = ("dead-letters", "requeue", "--all", "--queue", "order")
    asked = lavka(still.settings, *everything)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr == "error: 203 would be requeued; add --yes to do it\n"
    assert (await sent(still), len(await parked(still))) == ([], 204)
    done = lavka(still.settings, *everything, "--yes")
    assert (done.returncode, done.stdout, done.stderr) == (0, "203 requeued\n", "")
    assert await sent(still) == [("order", name) for name in names]
    assert list(await parked(still)) == ["other"]


async def test_discarded_dead_letters_no_longer_exist(still: Shop) -> None:
    await park(still, "first", "second")
    await park(still, "other", queue="product")
    first = (await parked(still))["first"]
    done = lavka(still.settings, "dead-letters", "discard", first)
    assert (done.returncode, done.stdout) == (0, "1 discarded\n")
    assert list(await parked(still)) == ["second", "other"]
    rest = ("dead-letters", "discard", "--all", "--queue", "order", "--yes")
    done = lavka(still.settings, *rest)
    assert (done.returncode, done.stdout) == (0, "1 discarded\n")
    assert (list(await parked(still)), await sent(still)) == (["other"], [])
    assert await noted(still) == [("dead-letter.discarded", "system")] * 2


async def test_an_order_that_was_refused_is_placed_when_it_is_requeued(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=2)
    items = [{"product_id": product["id"], "quantity": 3}]
    body = json.dumps({"user_id": user["id"], "items": items}).encode()
    await park(shop, "order-1", body=body)
    await client.post(f"/products/{product['id']}/stock", json={"quantity": 5, "reason": "supply"})
    letter = (await parked(shop))["order-1"]
    done = lavka(shop.settings, "dead-letters", "requeue", letter)
    assert (done.returncode, done.stdout) == (0, "1 requeued\n")
    # The shop of the tests does not apply queued messages by itself.
    assert await dispatch_due(shop, Pipeline(shop))
    orders = await every(client, "/orders")
    assert [(each["user_id"], each["units"]) for each in orders] == [(user["id"], 3)]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["list", "--queue", "orders"],
        ["list", "--limit", "0"],
        ["show"],
        ["show", "first"],
        ["requeue"],
        ["requeue", "--all", "--yes"],
        ["requeue", "--queue", "order", str(NOBODY)],
        ["discard", "--all", "--queue", "order", str(NOBODY)],
    ],
    ids=" ".join,
)
def test_invalid_arguments_end_the_command_with_2_without_effect(
    arguments: list[str], tmp_path: Path
) -> None:
    settings = sqlite_settings(tmp_path / "var")
    done = lavka(settings, "dead-letters", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: lavka dead-letters")
    assert not settings.data_dir.exists()


def test_a_database_that_is_away_ends_it_with_2(tmp_path: Path) -> None:
    done = lavka(away(tmp_path), "dead-letters", "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: postgresql+asyncpg:")

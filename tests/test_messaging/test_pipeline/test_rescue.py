"""Every acknowledged message has its effect or a stored row, and no message ends the process."""

import json
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from app.messaging import pipeline
from app.messaging.commands import COMMANDS, Services
from app.messaging.delivery import storable_id
from app.messaging.pipeline import Pipeline
from app.models import DeadLetter
from app.schemas.base import Schema
from app.security.principal import Caller
from app.services.messaging.dead_letter_service import DeadLetterService
from app.wiring.resources import Shop
from tests.support.ledger import every
from tests.test_messaging.deliveries import (
    PRODUCT,
    applied_in,
    letters_of,
    message,
    postponed_in,
    rows_of,
    take_postponed,
)

AMBIGUOUS = "another message with its message_id was applied"


def product(number: int) -> dict[str, Any]:
    """Return the body of a message about a product."""
    return PRODUCT | {"sku": f"TEA-{number}", "name": f"Tea {number}"}


async def test_each_of_many_messages_with_one_id_is_applied_or_stored(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    batch = [message("product", product(number), "the same for all") for number in range(60)]
    for start in range(0, 60, 20):
        await Pipeline(shop).process(batch[start : start + 20])
    # A consumer that acknowledges nothing gets all of them again, in any order.
    await Pipeline(shop).process([*reversed(batch), batch[0]])
    assert [each["sku"] for each in await every(client, "/products")] == ["TEA-0"]
    assert await letters_of(shop) == [("product", "ambiguous", AMBIGUOUS, 1)] * 59
    bodies = {bytes(each.body) for each in await rows_of(shop, DeadLetter)}
    assert bodies == {each.body for each in batch[1:]}


async def test_a_requeued_message_with_the_id_of_another_is_applied(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    batch = [message("product", product(number), "the same for all") for number in range(3)]
    await Pipeline(shop).process(batch)
    for letter in await rows_of(shop, DeadLetter):
        answer = await client.post(f"/dead-letters/{letter.id}/requeue")
        assert answer.status_code == 204, answer.text
    deliveries = await take_postponed(shop)
    await Pipeline(shop).process(deliveries)
    await Pipeline(shop).process(deliveries)
    skus = {each["sku"] for each in await every(client, "/products")}
    assert skus == {"TEA-0", "TEA-1", "TEA-2"}
    assert await letters_of(shop) == []


@pytest.fixture(name="broken")
def broken_rescue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the handler of products fail, and the record of its failure, too."""

    async def fail(_services: Services, _caller: Caller, _data: Any) -> Schema:
        raise ZeroDivisionError("a fault of the handler")

    async def fail_to_note(*_: object) -> None:
        raise ValueError("a fault of the note")

    command = replace(COMMANDS["product"], handle=fail, handle_many=None)
    monkeypatch.setitem(COMMANDS, "product", command)
    monkeypatch.setattr(DeadLetterService, "postpone", fail_to_note)


@pytest.mark.usefixtures("broken")
async def test_a_message_whose_failure_cannot_be_recorded_is_parked_with_its_body(
    shop: Shop,
) -> None:
    odd = message("product", product(1), "\\x" * 100)
    await Pipeline(shop).process([odd])
    (letter,) = await rows_of(shop, DeadLetter)
    assert (letter.queue, bytes(letter.body), letter.code) == (
        "product",
        odd.body,
        "handler-failed",
    )
    assert letter.reason == "it failed, and so did storing the reason: the log contains both errors"
    assert await applied_in(shop) == [] and await postponed_in(shop) == []


@pytest.mark.usefixtures("broken")
async def test_a_message_that_cannot_be_parked_is_held_and_retried(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_FAILED_SECONDS", 0.01)
    park, left = DeadLetterService.park, 3

    async def park_late(*arguments: Any) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise ValueError("a fault of the rescue")
        await park(*arguments)

    monkeypatch.setattr(DeadLetterService, "park", park_late)
    await Pipeline(shop).process([message("product", product(1))])
    assert left == -1
    assert [code for _, code, _, _ in await letters_of(shop)] == ["handler-failed"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("0199a1b2", "0199a1b2"),
        ("x" * 255, "x" * 255),
        ("ü" * 127, "ü" * 127),
        ("a\0b", "a\\0b"),
        ("\udcfc", "\\udcfc"),
    ],
)
def test_an_id_is_stored_unchanged_if_the_database_can_store_it(given: str, kept: str) -> None:
    assert storable_id(given) == kept


def test_ids_that_are_truncated_to_their_column_still_differ() -> None:
    given = ["\0" * 255, "\0" * 254 + "a", "😀" * 63 + "\0" * 3, "😀" * 63 + "\0" * 2, "ü" * 128]
    kept = [storable_id(each) for each in given]
    assert len(set(kept)) == len(given)
    assert all(len(each.encode()) <= 255 and "\0" not in each for each in kept)
    assert json.loads(json.dumps(kept)) == kept

"""Dead letters are listed, shown, requeued once and discarded, by staff only."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from app.messaging.pipeline import Pipeline
from app.models import AuditEvent, DeadLetter
from app.security.areas.messaging import MessagingAudited
from app.security.audited import Audited
from app.wiring.lifecycle import delete_expired
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import PASSWORD, create_product, create_user
from tests.support.ledger import every, stock_of
from tests.support.machines import NAME
from tests.support.refusals import NOTHING, problem_of, refused
from tests.test_messaging.deliveries import (
    again,
    message,
    order,
    postponed_in,
    rows_of,
    take_postponed,
)

LETTERS = "/dead-letters"


async def parked(
    client: httpx.AsyncClient, shop: Shop, message_id: str | None = "late"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Park an order that lacks stock; return its product, restocked, and its dead letter."""
    user, product = await create_user(client), await create_product(client, stock_quantity=1)
    await Pipeline(shop).process([message("order", order(user, product, 3), message_id)])
    supply = {"quantity": 9, "reason": "supply"}
    assert (await client.post(f"/products/{product['id']}/stock", json=supply)).status_code == 201
    (letter,) = await every(client, LETTERS)
    return product, letter


async def audited(shop: Shop, event: Audited) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the audit events of dead letters: actor, kind and subject."""
    rows = [each for each in await rows_of(shop, AuditEvent) if each.event == event]
    return [(each.actor, str(each.subject_id), each.detail) for each in rows]


async def test_dead_letters_are_listed_by_queue_in_pages(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    for number in range(5):
        await Pipeline(shop).process([message("order", b"?", f"order {number}")])
        await Pipeline(shop).process([message("product", b"?", f"product {number}")])
    everything = await every(client, LETTERS, limit="3")
    assert len(everything) == 10
    of_orders = await every(client, LETTERS, limit="2", queue="order")
    assert [each["message_id"] for each in of_orders] == [f"order {each}" for each in range(5)][
        ::-1
    ]
    assert of_orders[0].keys() == {
        "id",
        "queue",
        "message_id",
        "code",
        "reason",
        "attempts",
        "created_at",
    }
    assert await every(client, LETTERS, queue="nothing") == []


async def test_a_dead_letter_is_deleted_after_ninety_days(shop: Shop) -> None:
    await Pipeline(shop).process([message("order", b"?")])
    with later(shop, timedelta(days=89)):
        await delete_expired(shop)
        assert len(await rows_of(shop, DeadLetter)) == 1
    with later(shop, timedelta(days=91)):
        await delete_expired(shop)
        assert await rows_of(shop, DeadLetter) == []


async def test_a_dead_letter_is_shown_with_its_body(client: httpx.AsyncClient, shop: Shop) -> None:
    await Pipeline(shop).process([message("product", b'{"sku": "T\xff\x00A"}', "binary")])
    (listed,) = await every(client, LETTERS)
    shown = await client.get(f"{LETTERS}/{listed['id']}")
    assert shown.json() == listed | {"body": '{"sku": "T\ufffd\0A"}'}
    missing = problem_of(await client.get(f"{LETTERS}/{NOTHING}"))
    assert missing["type"] == "urn:problem:dead-letter-not-found"


async def test_a_requeued_dead_letter_is_applied_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product, letter = await parked(client, shop)
    place = f"{LETTERS}/{letter['id']}"
    answers = await asyncio.gather(*(client.post(f"{place}/requeue") for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [204, 404, 404, 404, 404]
    assert await every(client, LETTERS) == []
    (row,) = await postponed_in(shop)
    assert (row.routing_key, row.message_id, row.attempts) == ("order", "late", 0)
    await Pipeline(shop).process([again(row)])
    await Pipeline(shop).process([again(row), again(row)])
    assert await stock_of(client, product["id"]) == 7
    assert await audited(shop, MessagingAudited.LETTER_REQUEUED) == [
        (NAME, letter["id"], {"queue": "order", "message_id": "late"})
    ]


async def test_an_ambiguous_dead_letter_is_applied_when_staff_requeues_it(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    for _ in range(2):
        again_ = message("order", order(user, product, 2), None, is_redelivered=True)
        await Pipeline(shop).process([again_])
    (letter,) = await every(client, LETTERS)
    assert letter["code"] == "ambiguous"
    assert (await client.post(f"{LETTERS}/{letter['id']}/requeue")).status_code == 204
    await Pipeline(shop).process(await take_postponed(shop))
    assert await stock_of(client, product["id"]) == 6 and await every(client, LETTERS) == []


async def test_a_dead_letter_that_is_refused_again_is_parked_again(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    _, letter = await parked(client, shop)
    await client.post(f"{LETTERS}/{letter['id']}/requeue")
    (product,) = await every(client, "/products")
    await client.patch(f"/products/{product['id']}", json={"stock_quantity": 2})
    await Pipeline(shop).process(await take_postponed(shop))
    (second,) = await every(client, LETTERS)
    assert second["reason"] == f"{product['name']}: 3 asked for, 2 in stock"
    assert (second["message_id"], second["id"] == letter["id"]) == ("late", False)


async def test_a_discarded_dead_letter_no_longer_exists(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product, letter = await parked(client, shop)
    assert (await client.delete(f"{LETTERS}/{letter['id']}")).status_code == 204
    for method, path in (("DELETE", ""), ("POST", "/requeue"), ("GET", "")):
        problem = await refused(client, shop, method, f"{LETTERS}/{letter['id']}{path}")
        assert problem["type"] == "urn:problem:dead-letter-not-found"
    assert await postponed_in(shop) == [] and await stock_of(client, product["id"]) == 10
    assert await audited(shop, MessagingAudited.LETTER_DISCARDED) == [
        (NAME, letter["id"], {"queue": "order", "message_id": "late"})
    ]


async def test_dead_letters_are_for_staff_only(client: httpx.AsyncClient, shop: Shop) -> None:
    _, letter = await parked(client, shop)
    user = await create_user(client)
    form = {"username": user["email"], "password": PASSWORD}
    token = (await client.post("/auth/token", data=form)).json()["access_token"]
    place = f"{LETTERS}/{letter['id']}"
    for headers, status in (
        ({"Authorization": f"Bearer {token}"}, 403),
        ({"Authorization": ""}, 401),
    ):
        for method, path in (
            ("GET", LETTERS),
            ("GET", place),
            ("POST", f"{place}/requeue"),
            ("DELETE", place),
        ):
            assert (await refused(client, shop, method, path, headers=headers))["status"] == status

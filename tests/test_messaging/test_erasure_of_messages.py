"""No data of an erased person is left in operations, dead letters and waiting messages."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core.queues import EVENTS_EXCHANGE, dead_letter_queue
from app.messaging.pipeline import Pipeline
from app.models import DeadLetter, Operation, OperationState, OutboxMessage, UserRole
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.services.messaging.outbox_service import message_row
from app.wiring.resources import Shop
from tests.support.accounts import Person, someone, someone_of
from tests.support.factories import address, create_product
from tests.support.tables import stored_values
from tests.test_messaging.deliveries import message, order, rows_of, take_postponed

STREET = "3 Markedroad"
# The remaining part of a person's address has none of these fields.
NAMED = {
    "recipient": "Markedroad",
    "company": "Markedroad",
    "line2": "Markedroad",
    "phone": "Markedroad",
}
ASYNC = {"Prefer": "respond-async"}
ANONYMISED = {
    "street": "anonymised",
    "city": "anonymised",
    "postal_code": "anonymised",
    "country": "GB",
}


async def erase(client: httpx.AsyncClient, person: Person) -> None:
    """Erase a person."""
    assert (await client.delete(f"/users/{person.id}")).status_code == 204


async def traces_in(shop: Shop) -> list[str]:
    """Return the tables that contain the marked street."""
    rows = await stored_values(shop)
    return [name for name, each in rows.items() if "Markedroad" in repr(each)]


async def put(shop: Shop, queue: str, body: bytes, exchange: str = "") -> None:
    """Add a message to the outbox that is never due."""
    now = shop.clock.now()
    row = message_row(queue, f"id of {queue}", "subject", body, {}, now, exchange=exchange)
    async with shop.database.write() as session:
        await OutboxRepository(session).add([row | {"due_at": now.replace(year=now.year + 1)}])


@pytest.mark.parametrize(
    "spelling",
    [str, lambda user_id: user_id.hex, lambda user_id: str(user_id).upper()],
    ids=["usual", "without hyphens", "in capitals"],
)
async def test_a_dead_letter_about_a_person_is_deleted_in_every_spelling_of_the_id(
    client: httpx.AsyncClient, shop: Shop, spelling: Any
) -> None:
    person, other = await someone(client), await someone(client)
    for user_id in (spelling(UUID(person.id)), other.id):
        body: dict[str, Any] = {
            "user_id": user_id,
            "items": [],
            "delivery_address": address(street=STREET),
        }
        await Pipeline(shop).process([message("order", body)])
    broken = b"\0\xff{" + spelling(UUID(person.id)).encode() + STREET.encode()
    await Pipeline(shop).process([message("order", broken)])
    assert len(await rows_of(shop, DeadLetter)) == 3
    await erase(client, person)
    (left,) = await rows_of(shop, DeadLetter)
    assert other.id.encode() in left.body and STREET.encode() in left.body


async def test_results_of_operations_of_staff_have_no_address_of_the_person(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    staff, person = await someone_of(client, shop, UserRole.STAFF), await someone(client)
    product = await create_product(client)
    data = order(person.user, product) | {"delivery_address": address(street=STREET, **NAMED)}
    for headers in (staff.headers, person.headers):
        sent = await client.post("/orders", json=data, headers=headers | ASYNC)
        assert sent.status_code == 202
    await Pipeline(shop).process(await take_postponed(shop))
    placed = (await client.get("/orders")).json()["items"]
    for each in placed:
        await client.post(f"/orders/{each['id']}/cancel")
    assert "operations" in await traces_in(shop)
    await erase(client, person)
    (left,) = await rows_of(shop, Operation)
    assert (left.user_id, left.state) == (UUID(staff.id), OperationState.SUCCEEDED)
    assert left.result is not None
    assert left.result["user_id"] == person.id
    assert left.result["delivery_address"] == ANONYMISED | {"region": ""}
    assert await traces_in(shop) == []


async def test_waiting_messages_are_applied_without_the_address_of_the_person(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    staff, person = await someone_of(client, shop, UserRole.STAFF), await someone(client)
    other, product = await someone(client), await create_product(client)
    delivered = {"delivery_address": address(street=STREET, **NAMED)}
    command = order(person.user, product) | delivered
    theirs = order(other.user, product) | {"delivery_address": address()}
    event: dict[str, Any] = {
        "event": "order.placed",
        "data": {"user_id": person.id, "lines": [], **delivered},
    }
    sent = await client.post("/orders", json=command, headers=staff.headers | ASYNC)
    await put(shop, "order.placed", json.dumps(event).encode(), EVENTS_EXCHANGE)
    await put(shop, dead_letter_queue("order"), f"?{person.id}{STREET}".encode())
    await put(shop, "order", json.dumps(theirs).encode())
    await erase(client, person)
    assert await traces_in(shop) == []
    left = {each.message_id: json.loads(each.body) for each in await rows_of(shop, OutboxMessage)}
    assert left == {
        sent.json()["id"]: command | {"delivery_address": ANONYMISED},
        "id of order.placed": event | {"data": event["data"] | {"delivery_address": ANONYMISED}},
        "id of order": theirs,
    }
    # The sender of the order gets a refusal, because the person no longer exists.
    await Pipeline(shop).process(
        [each for each in await take_postponed(shop) if each.message_id == sent.json()["id"]]
    )
    (operation,) = await rows_of(shop, Operation)
    assert operation.problem is not None
    assert (operation.state, operation.problem["type"]) == (
        OperationState.FAILED,
        "urn:problem:user-not-found",
    )
    assert await traces_in(shop) == []

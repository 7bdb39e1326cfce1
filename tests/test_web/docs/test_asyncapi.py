"""The AsyncAPI document describes all messages on queues, and the messages match it."""

import importlib
import json
import pkgutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import pytest_asyncio
from sqlalchemy import select

import app.schemas
from app.core.queues import EVENTS_EXCHANGE
from app.gateways.payments.bank import BankForTests
from app.gateways.payments.provider import RefundState
from app.messaging.commands import COMMANDS, Command
from app.messaging.events import EVENTS
from app.models import OutboxMessage, RefundStatus
from app.schemas.messaging.event_schema import DomainEvent
from app.wiring.areas.messaging import provide_dead_letters
from app.wiring.resources import Shop
from main import create_app
from tests.conftest import client_of, running, sqlite_settings
from tests.support.factories import (
    address,
    create_product,
    create_user,
    order_in,
    place_order,
)
from tests.test_controllers.fulfilment.returns import ask, shipped_order
from tests.test_controllers.payments.setting import begun, decide, do_errands, offer, placed
from tests.test_web.docs.documents import DOCS, parts_of
from tests.test_web.docs.test_openapi_limits import BOUNDS, schemas_of

pytestmark = pytest.mark.any_database

Document = dict[str, Any]
# A day is reported completely, with any number of orders.
WHOLE = {"#/components/schemas/ReportMessage/properties/reports"}
# No code creates one yet.
NOT_ANNOUNCED = {"report.ready"}


async def messages_of(client: httpx.AsyncClient) -> Document:
    """Return the AsyncAPI document."""
    response = await client.get(f"{DOCS}/asyncapi.json")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    document: Document = response.json()
    return document


def validator(schema: Document, document: Document) -> jsonschema_rs.Draft7Validator:
    """Return a validator of values by a schema of the document."""
    root = {"allOf": [schema], "components": document["components"]}
    return jsonschema_rs.Draft7Validator(root, validate_formats=True)


@pytest_asyncio.fixture(name="telling", loop_scope="session")
async def telling_shop(tmp_path: Path) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """A shop that writes events to its outbox, and a client of it; no process sends them."""
    application = create_app(Shop(sqlite_settings(tmp_path, rabbitmq_host="127.0.0.1")))
    async with running(application), client_of(application) as client:
        yield application.state.shop, client


async def outbox_of(shop: Shop) -> list[OutboxMessage]:
    """Return the messages of the outbox, oldest first."""
    async with shop.database.read() as session:
        rows = await session.scalars(select(OutboxMessage).order_by(OutboxMessage.position))
        return list(rows)


async def test_the_document_is_asyncapi_3_0(client: httpx.AsyncClient) -> None:
    document = await messages_of(client)
    assert (document["asyncapi"], document["info"]["title"]) == ("3.0.0", "Lavka: messages")
    assert document["defaultContentType"] == "application/json"
    (server,) = document["servers"].values()
    assert (server["protocol"], server["host"]) == ("amqp", "{host}:{port}")


async def test_the_document_does_not_change_while_the_shop_runs(client: httpx.AsyncClient) -> None:
    first = await client.get(f"{DOCS}/asyncapi.json")
    await create_product(client)
    assert (await client.get(f"{DOCS}/asyncapi.json")).content == first.content


async def test_the_document_of_a_shop_does_not_reveal_its_broker(
    client: httpx.AsyncClient, telling: tuple[Shop, httpx.AsyncClient]
) -> None:
    assert await messages_of(telling[1]) == await messages_of(client)


async def test_the_shop_receives_each_command_from_a_durable_queue(
    client: httpx.AsyncClient,
) -> None:
    document = await messages_of(client)
    received = {
        each["channel"]["$ref"].rpartition("/")[2]
        for each in document["operations"].values()
        if each["action"] == "receive"
    }
    assert received == set(COMMANDS)
    for queue, command in COMMANDS.items():
        binding = document["channels"][queue]["bindings"]["amqp"]
        assert (binding["is"], document["channels"][queue]["address"]) == ("queue", queue)
        assert (binding["queue"]["name"], binding["queue"]["durable"]) == (queue, True)
        assert binding["x-queue-arguments"]["x-dead-letter-routing-key"] == f"{queue}.returned"
        message = document["components"]["messages"][queue]
        assert message["summary"] == command.description
        assert message["payload"] == {"$ref": f"#/components/schemas/{command.schema.__name__}"}


async def test_the_shop_sends_reports_dead_letters_and_events(client: httpx.AsyncClient) -> None:
    document = await messages_of(client)
    sent = {
        each["channel"]["$ref"].rpartition("/")[2]
        for each in document["operations"].values()
        if each["action"] == "send"
    }
    assert sent == {"report", *(f"{queue}.dlq" for queue in COMMANDS), *EVENTS}
    assert sent | set(COMMANDS) == set(document["channels"])
    for event in EVENTS:
        channel = document["channels"][event]
        exchange = channel["bindings"]["amqp"]["exchange"]
        assert (exchange["name"], exchange["type"]) == (EVENTS_EXCHANGE, "topic")
        assert (exchange["durable"], channel["address"]) == (True, event)


async def test_every_reference_can_be_resolved(client: httpx.AsyncClient) -> None:
    document = await messages_of(client)
    places = {place for place, _ in parts_of(document)}
    references = {part["$ref"] for _, part in parts_of(document) if "$ref" in part}
    assert references and references <= places
    kept = {
        f"#/components/{kind}/{name}"
        for kind, parts in document["components"].items()
        for name in parts
    }
    assert kept <= references


async def test_a_reference_has_no_siblings(client: httpx.AsyncClient) -> None:
    for place, part in parts_of(await messages_of(client)):
        assert "$ref" not in part or len(part) == 1, place


async def test_every_text_list_and_integer_has_its_bounds(client: httpx.AsyncClient) -> None:
    document = await messages_of(client)
    found = set()
    for place, schema in schemas_of({"components": document["components"]}):
        if "/securitySchemes/" not in place and place not in WHOLE:
            found.add(schema["type"])
            for alternatives in BOUNDS.get(schema["type"], []):
                assert schema.keys() & set(alternatives), (place, alternatives)
    assert set(BOUNDS) < found


async def test_every_field_is_described_with_an_example(client: httpx.AsyncClient) -> None:
    document = await messages_of(client)
    fields = [
        (f"{place}.{name}", field)
        for place, part in parts_of(document["components"])
        if part.get("type") == "object"
        for name, field in part.get("properties", {}).items()
    ]
    assert len(fields) > 80
    for place, field in fields:
        assert field["description"].endswith("."), place
        # Schemas that are referenced have their examples at their definition.
        assert field.get("examples") or "allOf" in field, place


async def test_every_example_of_a_field_matches_its_schema(client: httpx.AsyncClient) -> None:
    document = await messages_of(client)
    for place, part in parts_of(document["components"]["schemas"]):
        for example in part.get("examples", ()):
            assert validator(part, document).is_valid(example), (place, example)


async def test_every_example_of_a_message_matches_its_schema(client: httpx.AsyncClient) -> None:
    document = await messages_of(client)
    for name, message in document["components"]["messages"].items():
        for example in message["examples"]:
            validator(message["payload"], document).validate(example["payload"])
            validator(message.get("headers", {}), document).validate(example.get("headers", {}))
        for header, schema in message["x-amqp-properties"]["properties"].items():
            for example in schema["examples"]:
                assert validator(schema, document).is_valid(example), (name, header)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
async def test_the_example_of_a_command_is_accepted_by_its_queue(
    client: httpx.AsyncClient, command: Command
) -> None:
    message = (await messages_of(client))["components"]["messages"][command.queue]
    (example,) = message["examples"]
    taken = command.schema.parse(example["payload"])
    assert taken.model_fields_set


async def test_every_event_matches_the_document(
    telling: tuple[Shop, httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, client = telling
    document = await messages_of(client)
    await _have_all_happen(client)
    await _have_money_move(client, shop, monkeypatch)
    messages = await outbox_of(shop)
    assert {each.routing_key for each in messages} == EVENTS.keys() - NOT_ANNOUNCED
    for each in messages:
        body = json.loads(each.body)
        payload = document["components"]["messages"][each.routing_key]["payload"]
        validator(payload, document).validate(body)
        assert (body["event"], body["id"]) == (each.routing_key, each.message_id)
        assert each.exchange == EVENTS_EXCHANGE


async def _have_all_happen(client: httpx.AsyncClient) -> None:
    """Cause every kind of event of a shop, in each possible way."""
    user, product = await create_user(client), await create_product(client, stock_quantity=5)
    path = f"/products/{product['id']}"
    order = await place_order(client, user["id"], {product["id"]: 5}, delivery_address=address())
    await place_order(client, user["id"], {(await create_product(client))["id"]: 6})
    steps = [
        ("PATCH", f"/orders/{order['id']}", {"status": "paid"}),
        ("POST", f"/orders/{order['id']}/lines/{product['id']}/cancel", {"quantity": 1}),
        ("POST", f"/orders/{order['id']}/cancel", None),
        *await _shipped_in_parts(client),
        *await _returned(client),
        ("POST", f"{path}/stock", {"quantity": -5, "reason": "damage"}),
        ("PATCH", path, {"stock_quantity": 3, "price": "1.50"}),
        ("PATCH", path, {"stock_quantity": 0}),
        ("DELETE", path, None),
    ]
    for method, url, body in steps:
        response = await client.request(method, url, json=body)
        assert response.is_success, response.text


async def _have_money_move(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bring payments into every status, and refund money of one."""
    offer(monkeypatch, shop, payment_capture="on_shipment")
    payments = []
    for decision in ("approve", "decline", "approve"):
        payments.append(await begun((await placed(client))[0]))
        await decide(client, payments[-1], decision)
    await do_errands(shop)
    amount = {"amount": "1.00", "reason": "Broken."}
    for number, verb, body in ((2, "void", None), (0, "capture", {}), (0, "refunds", amount)):
        response = await client.post(f"/payments/{payments[number]['id']}/{verb}", json=body)
        assert response.is_success, response.text
    await do_errands(shop)

    async def failed(*_: object) -> RefundState:
        return RefundState("refund_1", RefundStatus.FAILED, "the account is closed")

    monkeypatch.setattr(BankForTests, "refund", failed)
    await client.post(f"/payments/{payments[0]['id']}/refunds", json=amount)


async def _shipped_in_parts(client: httpx.AsyncClient) -> list[tuple[str, str, None]]:
    """Return the requests for two shipments, of which one is delivered."""
    order = await order_in(client, "paid", await create_product(client), 2)
    path, found = f"/orders/{order['id']}/shipments", []
    for _ in range(2):
        lines = [{"variant_id": order["items"][0]["product_id"], "quantity": 1}]
        found.append((await client.post(path, json={"lines": lines})).json()["id"])
    verbs = (("cancel", 0), ("ship", 1), ("deliver", 1))
    return [("POST", f"/shipments/{found[place]}/{verb}", None) for verb, place in verbs]


async def _returned(client: httpx.AsyncClient) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Return the requests for three returns."""
    order = await shipped_order(client, 3)
    first, second, third = [(await ask(client, order, 1))["id"] for _ in range(3)]
    verbs = ((first, "approve"), (first, "receive"), (second, "reject"))
    return [
        *(("POST", f"/returns/{each}/{verb}", {}) for each, verb in verbs),
        ("POST", f"/returns/{first}/close", None),
        ("POST", f"/returns/{third}/cancel", None),
    ]


async def test_a_dead_letter_has_the_documented_headers(
    telling: tuple[Shop, httpx.AsyncClient],
) -> None:
    shop, client = telling
    document = await messages_of(client)
    for queue in COMMANDS:
        async with shop.database.write() as session:
            letters = provide_dead_letters(session, shop)
            await letters.park(queue, "m-1", b"no JSON", "invalid-input", "it is no JSON", 8)
    messages = await outbox_of(shop)
    assert [each.routing_key for each in messages] == [f"{queue}.dlq" for queue in COMMANDS]
    for each in messages:
        schema = document["components"]["messages"][each.routing_key]["headers"]
        assert set(schema["properties"]) == set(each.headers)
        validator(schema, document).validate(each.headers)


async def test_a_waiting_command_matches_the_document(
    telling: tuple[Shop, httpx.AsyncClient],
) -> None:
    shop, client = telling
    document = await messages_of(client)
    product = (await create_product(client))["id"]
    later = {"Prefer": "respond-async"}
    for method, path, body in (
        ("POST", "/products", {"sku": "CUP", "name": "Cup", "category": "Cups", "price": "2.50"}),
        ("PATCH", f"/products/{product}", {"price": "5.49"}),
        ("POST", "/products/bulk", {"rows": [{"sku": "CUP", "price": "5.49"}]}),
        ("POST", "/orders", {"items": [{"product_id": product, "quantity": 1}]}),
        ("PATCH", f"/orders/{product}", {"status": "paid"}),
    ):
        response = await client.request(method, path, json=body, headers=later)
        assert response.status_code == 202, response.text
    commands = [each for each in await outbox_of(shop) if each.exchange == ""]
    assert [each.routing_key for each in commands] == list(COMMANDS)
    for each in commands:
        payload = document["components"]["messages"][each.routing_key]["payload"]
        validator(payload, document).validate(json.loads(each.body))


def test_every_kind_of_event_is_in_the_document() -> None:
    kinds = {
        value
        for module in pkgutil.walk_packages(app.schemas.__path__, "app.schemas.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, type) and issubclass(value, DomainEvent)
    }
    assert {each.kind for each in EVENTS.values()} == kinds - {DomainEvent}

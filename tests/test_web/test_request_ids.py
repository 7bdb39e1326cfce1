"""A request, its messages and their effects have the same request id."""

import logging

import httpx
import pytest

from app.messaging.commands import COMMANDS
from app.messaging.pipeline import Pipeline
from app.observability.request_ids import bound_request_id, current_request_id, sane_request_id
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.refusals import NOTHING
from tests.test_messaging.deliveries import again, message, postponed_in

OWN = {"X-Request-ID": "caller-0001"}
TEA = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}


async def test_every_response_has_a_unique_request_id(client: httpx.AsyncClient) -> None:
    paths = ("/products", f"/products/{NOTHING}", "/orders?limit=0", "http://shop.test/health/live")
    given = [(await client.get(path)).headers.get_list("X-Request-ID") for path in paths]
    assert all(len(each) == 1 and len(each[0]) == 32 for each in given)
    assert len({each for (each,) in given}) == len(paths)


@pytest.mark.any_database
async def test_the_request_id_of_a_caller_is_kept_if_it_is_valid(client: httpx.AsyncClient) -> None:
    answer = await client.get("/products", headers=OWN)
    assert answer.headers["X-Request-ID"] == "caller-0001"
    for odd in ("", "a" * 65, "ada@example.com", "a b", 'a"b', "{a}"):
        answer = await client.get("/products", headers={"X-Request-ID": odd})
        assert answer.headers["X-Request-ID"] != odd
        assert sane_request_id(answer.headers["X-Request-ID"]) is not None


@pytest.mark.any_database
async def test_a_refusal_by_authorization_is_logged_with_the_request_id(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str | None] = []

    def note(_record: logging.LogRecord) -> bool:
        seen.append(current_request_id())
        return True

    caplog.handler.addFilter(note)
    try:
        await client.get("/audit", headers=OWN)
    finally:
        caplog.handler.removeFilter(note)
    assert seen == ["caller-0001"]
    assert current_request_id() is None


@pytest.mark.any_database
async def test_a_command_and_its_effects_keep_the_request_id(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await client.post("/products", json=TEA, headers=OWN | {"Prefer": "respond-async"})
    assert accepted.status_code == 202
    (row,) = await postponed_in(shop)
    assert row.headers["x-request-id"] == "caller-0001"
    seen = handled_under(monkeypatch)
    await Pipeline(shop).process([again(row)])
    assert seen == ["caller-0001"]


@pytest.mark.any_database
async def test_each_of_several_messages_is_handled_with_its_own_request_id(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = ["first", "second", None, "not one, by its form"]
    seen = handled_under(monkeypatch)
    await Pipeline(shop).process(
        [
            message("product", TEA | {"sku": f"TEA-{number}"}, headers={"x-request-id": each})
            for number, each in enumerate(ids)
        ]
    )
    assert seen == ["first", "second", None, None]


@pytest.mark.any_database
async def test_a_retried_or_parked_message_keeps_its_request_id(
    client: httpx.AsyncClient, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    change = {"product_id": NOTHING, "product_data": {"price": "1.00"}}
    await Pipeline(shop).process(
        [message("product_update", change, headers={"x-request-id": each}) for each in "ab"]
    )
    assert [each.headers["x-request-id"] for each in await postponed_in(shop)] == ["a", "b"]
    await create_product(client)
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def handled_under(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Return a list that records the request id of each product that is added from now on."""
    seen: list[str | None] = []
    command = COMMANDS["product"]

    async def handle(services: object, caller: object, data: object) -> object:
        seen.append(current_request_id())
        return await command.handle(services, caller, data)  # type: ignore[arg-type]

    patched = type(command)(
        command.queue, command.schema, command.description, handle  # type: ignore[arg-type]
    )
    monkeypatch.setitem(COMMANDS, "product", patched)
    return seen


def test_a_request_id_is_bound_within_its_block() -> None:
    with bound_request_id("outer"):
        with bound_request_id(None):
            assert current_request_id() is None
        assert current_request_id() == "outer"
    assert current_request_id() is None

"""Asynchronous requests: the response is immediate, and an operation has the result."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.controllers.messaging import CONTROLLERS as MESSAGING
from app.messaging.pipeline import Pipeline
from app.wiring.resources import Shop
from tests.conftest import client_of, empty, running, sqlite_settings
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import PASSWORD, create_product, create_user, place_order
from tests.support.ledger import every, stock_of
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import serving
from tests.support.refusals import NOTHING, problem_of, refused
from tests.test_messaging.deliveries import (
    PRODUCT,
    letters_of,
    message,
    order,
    postponed_in,
    take_postponed,
)

ASYNC = {"Prefer": "respond-async"}
WAIT = {"Prefer": "respond-async, wait=20"}


@pytest_asyncio.fixture(name="busy", loop_scope="session")
async def dispatching_client(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the same shop in an application that applies commands."""
    async with running(
        with_routes_of(Shop(shop.settings), WITH_ORDERS, MESSAGING), is_dispatching=True
    ) as app:
        async with client_of(app) as client:
            yield client
        await empty(app.state.shop)


def at(place: str) -> str:
    """Return the URL of a path of the shop."""
    return f"http://shop.test{place}"


async def routes(client: httpx.AsyncClient) -> list[tuple[str, str, dict[str, Any]]]:
    """Return a valid request for each route that supports `respond-async`."""
    user, product = await create_user(client), await create_product(client)
    placed = await place_order(client, user["id"], {product["id"]: 1})
    return [
        ("POST", "/products", PRODUCT),
        ("PATCH", f"/products/{product['id']}", {"price": "7.49", "stock_quantity": 4}),
        ("POST", "/orders", order(user, product, 2)),
        ("PATCH", f"/orders/{placed['id']}", {"status": "paid"}),
    ]


async def test_each_route_responds_at_once_and_its_operation_ends_with_the_result(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    for method, path, data in await routes(client):
        answer = await client.request(method, path, json=data, headers=ASYNC)
        assert (answer.status_code, answer.json()["state"]) == (202, "queued"), answer.text
        assert answer.headers["Preference-Applied"] == "respond-async"
        place = answer.headers["Location"]
        assert place == f"/api/v1/operations/{answer.json()['id']}"
        assert (await client.get(at(place))).json() == answer.json()
        await Pipeline(shop).process(await take_postponed(shop))
        ended = (await client.get(at(place))).json()
        assert (ended["state"], ended["attempts"], ended["problem"]) == ("succeeded", 0, None)
        kind = "products" if "product" in path else "orders"
        now = await client.get(f"/{kind}/{ended['result']['id']}")
        assert list(ended["result"].items()) == list(now.json().items())


async def test_a_caller_who_waits_gets_the_response_of_a_synchronous_request(
    busy: httpx.AsyncClient,
) -> None:
    for method, path, data in await routes(busy):
        answer = await busy.request(method, path, json=data, headers=WAIT)
        assert answer.status_code == (201 if method == "POST" else 200), answer.text
        kind = "products" if "product" in path else "orders"
        place = f"/api/v1/{kind}/{answer.json()['id']}"
        assert answer.headers.get("Location") == (place if method == "POST" else None)
        now = await busy.get(at(place))
        assert (now.content, now.headers["ETag"]) == (answer.content, answer.headers["ETag"])


async def test_a_caller_waiting_for_a_refused_command_gets_the_problem(
    busy: httpx.AsyncClient,
) -> None:
    user, product = await create_user(busy), await create_product(busy)
    data = order(user, product, 11)
    told = [await busy.post("/orders", json=data, headers=headers) for headers in (WAIT, {})]
    assert [each.status_code for each in told] == [409, 409]
    assert problem_of(told[0]) == problem_of(told[1])
    assert problem_of(told[0])["products"][0]["available"] == 10
    assert await stock_of(busy, product["id"]) == 10


async def test_a_refusal_in_an_operation_is_not_a_dead_letter(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    user, product = await create_user(client), await create_product(client)
    accepted = await client.post("/orders", json=order(user, product, 11), headers=ASYNC)
    await Pipeline(shop).process(await take_postponed(shop))
    shown = (await client.get(at(accepted.headers["Location"]))).json()
    assert (shown["state"], shown["problem"]["type"]) == (
        "failed",
        "urn:problem:insufficient-stock",
    )
    assert await letters_of(shop) == []


@pytest.mark.parametrize("quantity", [1, 11], ids=["succeeded", "failed"])
async def test_a_finished_operation_is_not_changed_by_a_message_with_its_id(
    client: httpx.AsyncClient, shop: Shop, quantity: int
) -> None:
    user, product = await create_user(client), await create_product(client)
    accepted = await client.post("/orders", json=order(user, product, quantity), headers=ASYNC)
    await Pipeline(shop).process(await take_postponed(shop))
    place = at(accepted.headers["Location"])
    finished = (await client.get(place)).json()
    for body in (order(user, product, 2), order(user, product, 99), b"?", {}):
        await Pipeline(shop).process([message("order", body, finished["id"])])
        assert (await client.get(place)).json() == finished


async def test_a_body_that_is_not_valid_is_refused_at_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    for method, path, _ in await routes(client):
        bodies: tuple[object, ...] = ({"colour": "red"}, [])
        for data in bodies:
            problem = await refused(client, shop, method, path, json=data, headers=ASYNC)
            assert problem["type"] == "urn:problem:invalid-input"


async def test_a_request_with_if_match_is_handled_synchronously(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    headers = ASYNC | {"If-Match": "*"}
    answer = await client.patch(f"/products/{product['id']}", json={"name": "A"}, headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (200, "A")
    assert "Preference-Applied" not in answer.headers
    headers["If-Match"] = '"another"'
    answer = await client.patch(f"/products/{product['id']}", json={"name": "B"}, headers=headers)
    assert problem_of(answer)["status"] == 412


async def test_repeated_requests_with_an_idempotency_key_have_one_operation(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    headers = ASYNC | {"Idempotency-Key": "one"}
    answers = [await client.post("/products", json=PRODUCT, headers=headers) for _ in range(3)]
    assert [each.status_code for each in answers] == [202] * 3
    assert len({each.content for each in answers}) == 1
    assert len({each.headers["Location"] for each in answers}) == 1
    await Pipeline(shop).process(await take_postponed(shop))
    assert len(await every(client, "/products")) == 1
    again = await client.post("/products", json=PRODUCT, headers=headers)
    assert again.content == answers[0].content and await postponed_in(shop) == []


async def signed_in(client: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a new customer, with headers that authenticate the customer."""
    user = await create_user(client)
    form = {"username": user["email"], "password": PASSWORD}
    token = (await client.post("/auth/token", data=form)).json()["access_token"]
    return user, {"Authorization": f"Bearer {token}"}


async def test_an_operation_is_shown_to_its_caller_and_to_staff_only(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    (_, own), (_, foreign) = await signed_in(client), await signed_in(client)
    data = {"items": [{"product_id": product["id"], "quantity": 1}]}
    place = at((await client.post("/orders", json=data, headers=own | ASYNC)).headers["Location"])
    for headers, status in ((own, 200), (foreign, 404), (AUTHORIZATION, 200)):
        assert (await client.get(place, headers=headers)).status_code == status
    for path in (f"{place}/events", at(f"/api/v1/operations/{NOTHING}"), f"{place}/events"):
        refusal = problem_of(await client.get(path, headers=foreign))
        assert refusal["type"] == "urn:problem:operation-not-found"


def events_in(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Return the events of a stream, with their ids."""
    events = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if lines:
            events.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return events


async def test_the_events_of_an_operation_arrive_in_order_and_end(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    answer = await client.post("/products", json=PRODUCT, headers=ASYNC)
    place = at(answer.headers["Location"])
    following = asyncio.create_task(client.get(f"{place}/events"))
    await asyncio.sleep(0.5)
    await Pipeline(shop).process(await take_postponed(shop))
    stream = await asyncio.wait_for(following, 20)
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    events = events_in(stream.text)
    assert events[0][:2] == (1, "queued") and events[-1][:2] == (3, "succeeded")
    assert [each for each, _, _ in events] == sorted(each for each, _, _ in events)
    assert events[-1][2] == (await client.get(place)).json()
    for seen, left in (("1", [3]), ("3", []), ("x", [3]), ("9" * 1_000, [3])):
        resumed = await client.get(f"{place}/events", headers={"Last-Event-ID": seen})
        assert resumed.status_code == 200
        assert [each for each, _, _ in events_in(resumed.text)] == left


@pytest.mark.parametrize("is_effected", [False, True])
async def test_a_command_whose_process_is_killed_is_applied_once_after_the_restart(
    tmp_path: Path, is_effected: bool
) -> None:
    settings = sqlite_settings(tmp_path / "var")
    with serving(settings, tmp_path) as served:
        await let_machine_into(settings)
        async with httpx.AsyncClient(
            base_url=f"{served.url}/api/v1", headers=AUTHORIZATION, timeout=60
        ) as own:
            user, product = await create_user(own), await create_product(own, stock_quantity=100)
            answers = await asyncio.gather(
                *(own.post("/orders", json=order(user, product), headers=ASYNC) for _ in range(20))
            )
            while is_effected and await stock_of(own, product["id"]) == 100:
                await asyncio.sleep(0.01)
        served.process.send_signal(signal.SIGKILL)
        served.process.wait()
    assert {each.status_code for each in answers} == {202}
    async with running(
        with_routes_of(Shop(settings), WITH_ORDERS, MESSAGING), is_dispatching=True
    ) as app:
        async with client_of(app) as client:
            for each in answers:
                while (await client.get(at(each.headers["Location"]))).json()[
                    "state"
                ] != "succeeded":
                    await asyncio.sleep(0.05)
            assert await stock_of(client, product["id"]) == 80
            assert len(await every(client, "/orders")) == 20

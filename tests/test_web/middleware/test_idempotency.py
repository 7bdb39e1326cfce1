"""A POST that is repeated with its `Idempotency-Key` has one effect and the same response."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from app.models import IdempotencyKey, UserRole
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.conftest import client_of, postgres_settings, running
from tests.support.accounts import later, set_user, someone, someone_of
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product, create_user, order_in, place_order
from tests.support.ledger import every, movements_of, stock_of
from tests.support.refusals import ADDRESS, USER
from tests.support.servers import PostgresServer
from tests.support.tables import everything
from tests.test_web.middleware.repetitions import basket, is_replayed, kept, post

DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)
JSON = "application/json"
INVALID_KEYS = {
    "empty": b"",
    "empty in quotes": b'""',
    "a quote": b'"',
    "a quote within": b'a"b',
    "a blank": b" ",
    "256 characters": b"k" * 256,
    "a space": b"one key",
    "a space in quotes": b'"one key"',
    "a tab": b"one\tkey",
    "a control character": b"key\x01",
    "not ASCII": "clé".encode("latin-1"),
    "not ASCII, in UTF-8": "ключ".encode(),
}


async def test_a_repeated_order_gets_the_same_response_byte_for_byte(
    client: httpx.AsyncClient,
) -> None:
    data = await basket(client)
    first = await post(client, "/orders", data)
    again = await post(client, "/orders", data)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    for name in ("Content-Type", "Content-Length", "Location", "ETag"):
        assert first.headers[name] == again.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(await every(client, "/orders")) == 1
    product_id = data["items"][0]["product_id"]
    assert await movements_of(client, product_id) == [("supply", 10), ("sale", -1)]


async def test_each_post_without_a_key_or_with_another_one_has_its_own_effect(
    client: httpx.AsyncClient,
) -> None:
    data = await basket(client)
    answers = [await client.post("/orders", json=data) for _ in range(2)]
    answers += [await post(client, "/orders", data, key) for key in ("key-1", "key-2", "KEY-1")]
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.json()["id"] for answer in answers}) == 5
    assert not any(is_replayed(answer) for answer in answers)


async def test_a_response_is_not_repeated_to_a_caller_who_has_lost_the_right_to_it(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    staff = await someone_of(client, shop, UserRole.STAFF)
    product = await create_product(client)
    items = [{"product_id": product["id"], "quantity": 1}]
    other = await create_user(client)
    placed = await place_order(client, other["id"], {product["id"]: 1})
    asked = [
        ("/orders", {"user_id": other["id"], "items": items}),
        ("/orders", {"items": items}),
        (f"/users/{other['id']}/addresses", ADDRESS),
        (f"/orders/{placed['id']}/cancel", None),
    ]

    async def ask() -> list[httpx.Response]:
        headers = [staff.headers | {"Idempotency-Key": f"key-{n}"} for n in range(len(asked))]
        return [
            await client.post(path, json=data, headers=header)
            for (path, data), header in zip(asked, headers, strict=True)
        ]

    first = await ask()
    assert [answer.status_code for answer in first] == [201, 201, 201, 200]
    assert [answer.content for answer in await ask()] == [answer.content for answer in first]
    await set_user(shop, staff.id, role=UserRole.CUSTOMER)
    before = await everything(shop)
    demoted = await ask()
    assert [answer.status_code for answer in demoted] == [400, 201, 404, 404]
    assert [is_replayed(answer) for answer in demoted] == [False, True, False, False]
    assert demoted[1].content == first[1].content
    for answer in (demoted[0], demoted[2], demoted[3]):
        assert "12 St James" not in answer.text
    assert await everything(shop) == before
    # The stock is sold out, but the response with the own order can still be repeated.
    await client.post(f"/products/{product['id']}/stock", json={"quantity": -8, "reason": "loss"})
    assert (await ask())[1].content == first[1].content
    await set_user(shop, staff.id, role=UserRole.ADMIN)
    assert [answer.content for answer in await ask()] == [answer.content for answer in first]


async def test_a_refusal_is_not_repeated_to_a_caller_whose_role_has_changed(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    person = await someone(client)
    order = await order_in(client, "pending", await create_product(client))
    headers = person.headers | {"Idempotency-Key": "one"}
    path = f"/orders/{order['id']}/cancel"
    assert (await client.post(path, headers=headers)).status_code == 404
    assert is_replayed(await client.post(path, headers=headers))
    await set_user(shop, person.id, role=UserRole.STAFF)
    answers = [await client.post(path, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [is_replayed(answer) for answer in answers] == [False, True]


async def test_a_hundred_concurrent_repetitions_place_one_order(client: httpx.AsyncClient) -> None:
    data = await basket(client)
    answers = await asyncio.gather(*(post(client, "/orders", data) for _ in range(100)))
    (order,) = await every(client, "/orders")
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["type"] == "urn:problem:request-in-progress"
        else:
            assert (answer.status_code, answer.json()["id"]) == (201, order["id"])
    assert sum(answer.status_code == 201 and not is_replayed(answer) for answer in answers) == 1
    again = await post(client, "/orders", data)
    assert (again.status_code, again.json()["id"], is_replayed(again)) == (201, order["id"], True)
    assert await stock_of(client, data["items"][0]["product_id"]) == 9


async def test_a_repetition_is_refused_while_the_first_request_is_in_progress(
    postgres_server: PostgresServer,
) -> None:
    postgres_server.create_database("keys")
    shop = Shop(postgres_settings(postgres_server, "keys"))
    async with running(with_routes_of(shop, WITH_ORDERS)) as app, client_of(app) as client:
        data = await basket(client)
        async with shop.database.write() as session:
            await session.execute(text("SELECT 1 FROM variants FOR UPDATE"))
            requests = {asyncio.create_task(post(client, "/orders", data)) for _ in range(2)}
            done, waiting = await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
        (refusal,) = [each.result() for each in done]
        (placed,) = [await each for each in waiting]
        again = await post(client, "/orders", data)
    assert refusal.status_code == 409
    assert refusal.json()["type"] == "urn:problem:request-in-progress"
    assert refusal.headers["Retry-After"] == "1"
    assert (placed.status_code, is_replayed(placed)) == (201, False)
    assert (again.json(), is_replayed(again)) == (placed.json(), True)
    postgres_server.drop_database("keys")


async def test_a_key_with_another_body_is_refused(client: httpx.AsyncClient) -> None:
    data = await basket(client)
    first = await post(client, "/orders", data)
    other = data | {"items": [data["items"][0] | {"quantity": 2}]}
    refusal = await post(client, "/orders", other)
    assert refusal.status_code == 422
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert refusal.json()["type"] == "urn:problem:idempotency-key-reused"
    assert refusal.json()["idempotency_key"] == "key-1"
    assert await stock_of(client, data["items"][0]["product_id"]) == 9
    again = await post(client, "/orders", data)
    assert (again.content, is_replayed(again)) == (first.content, True)


async def test_a_key_with_another_path_is_refused(client: httpx.AsyncClient) -> None:
    user, product = await create_user(client), await create_product(client)
    first, second = [await place_order(client, user["id"], {product["id"]: 1}) for _ in range(2)]
    headers = {"Idempotency-Key": "key-1"}
    cancelled = await client.post(f"/orders/{first['id']}/cancel", headers=headers)
    refusal = await client.post(f"/orders/{second['id']}/cancel", headers=headers)
    assert (cancelled.status_code, refusal.status_code) == (200, 422)
    assert (await client.get(f"/orders/{second['id']}")).json() == second


async def test_the_notation_of_the_json_does_not_matter(client: httpx.AsyncClient) -> None:
    data = await basket(client)
    headers = {"Idempotency-Key": "key-1", "Content-Type": "application/json"}
    turned = dict(reversed(data.items()))
    bodies = [
        json.dumps(data, separators=(",", ":")),
        json.dumps(data, indent=2),
        json.dumps(turned),
        json.dumps(data).replace("user_id", "\\u0075ser_id"),
    ]
    answers = [await client.post("/orders", content=body, headers=headers) for body in bodies]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert [is_replayed(answer) for answer in answers] == [False, True, True, True]
    assert len({answer.content for answer in answers}) == 1


async def test_the_order_of_a_list_matters(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    items = [{"product_id": (await create_product(client))["id"], "quantity": 1} for _ in range(2)]
    first = await post(client, "/orders", {"user_id": user["id"], "items": items})
    other = await post(client, "/orders", {"user_id": user["id"], "items": items[::-1]})
    assert (first.status_code, other.status_code) == (201, 422)


async def test_a_key_is_the_same_with_and_without_quotes(client: httpx.AsyncClient) -> None:
    data = await basket(client)
    first = await post(client, "/orders", data, '"key-1"')
    again = await post(client, "/orders", data, "key-1")
    assert (again.content, is_replayed(again)) == (first.content, True)


async def test_a_key_may_have_255_characters(client: httpx.AsyncClient) -> None:
    data = await basket(client)
    first = await post(client, "/orders", data, "k" * 255)
    other = await post(client, "/orders", data, "k" * 254)
    again = await post(client, "/orders", data, f'"{"k" * 255}"')
    assert [each.status_code for each in (first, other, again)] == [201] * 3
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]


async def test_an_invalid_key_is_refused_by_the_name_of_its_header(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    data = await basket(client)
    before = await everything(shop)
    for name, key in INVALID_KEYS.items():
        headers = [(b"Idempotency-Key", key)]
        response = await client.post("/orders", json=data, headers=headers)
        assert response.status_code == 400, name
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["errors"] == [
            {"header": "Idempotency-Key", "detail": "must have 1 to 255 visible ASCII characters"}
        ]
    assert await everything(shop) == before
    assert await every(client, "/orders") == [] == await kept(shop)


async def test_an_invalid_request_may_be_corrected_with_the_same_key(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    data = await basket(client)
    headers = {"Idempotency-Key": "key-1"}
    wrong = await post(client, "/orders", data | {"items": []})
    not_json = await client.post("/orders", content=b"{", headers=headers | {"Content-Type": JSON})
    as_text = await client.post(
        "/orders", content=json.dumps(data), headers=headers | {"Content-Type": "text/plain"}
    )
    large = await client.post(
        "/orders", content=b" " * 300_000, headers=headers | {"Content-Type": JSON}
    )
    refusals = [wrong, not_json, as_text, large]
    assert [refusal.status_code for refusal in refusals] == [400, 400, 415, 413]
    assert await kept(shop) == []
    mended = await post(client, "/orders", data)
    assert (mended.status_code, is_replayed(mended)) == (201, False)


async def test_a_stored_refusal_is_repeated_after_the_shop_has_changed(
    client: httpx.AsyncClient,
) -> None:
    data = await basket(client, stock=2, quantity=3)
    product_id = data["items"][0]["product_id"]
    first = await post(client, "/orders", data)
    assert first.status_code == 409
    supply = {"quantity": 5, "reason": "supply"}
    assert (await client.post(f"/products/{product_id}/stock", json=supply)).status_code == 201
    again = await post(client, "/orders", data)
    assert (again.status_code, again.content, is_replayed(again)) == (409, first.content, True)
    assert again.headers["Content-Type"] == "application/problem+json"
    assert await stock_of(client, product_id) == 7
    assert (await post(client, "/orders", data, "key-2")).status_code == 201


async def test_a_response_is_stored_for_a_day(client: httpx.AsyncClient, shop: Shop) -> None:
    data = await basket(client)
    first = await post(client, "/orders", data)
    with later(shop, DAY - MINUTE):
        within = await post(client, "/orders", data)
    with later(shop, DAY + MINUTE):
        after = await post(client, "/orders", data)
        again = await post(client, "/orders", data)
    assert (within.content, is_replayed(within)) == (first.content, True)
    assert (after.status_code, is_replayed(after)) == (201, False)
    assert after.json()["id"] != first.json()["id"]
    assert (again.content, is_replayed(again)) == (after.content, True)
    assert len(await every(client, "/orders")) == 2


async def test_after_a_day_a_key_can_be_used_for_another_request(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await post(client, "/orders", await basket(client))
    other = await basket(client)
    assert (await post(client, "/orders", other)).status_code == 422
    with later(shop, DAY + MINUTE):
        assert (await post(client, "/orders", other)).status_code == 201


async def test_the_start_of_the_shop_deletes_expired_rows(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    data = await basket(client)
    await post(client, "/orders", data, "old")
    with later(shop, 2 * MINUTE):
        await post(client, "/orders", data, "young")
    with later(shop, DAY + MINUTE):
        await prepare(shop)
    assert await kept(shop) == ["young"]


async def create(client: httpx.AsyncClient, kind: str) -> tuple[str, dict[str, Any] | None]:
    """Return the path and the body of a POST of each kind."""
    user, product = await create_user(client), await create_product(client)
    order = await place_order(client, user["id"], {product["id"]: 1})
    place = {"street": "1 Main St", "city": "York", "postal_code": "YO1", "country": "GB"}
    posts: dict[str, tuple[str, dict[str, Any] | None]] = {
        "user": ("/users", USER),
        "product": ("/products", {"sku": "CUP", "name": "Cup", "category": "Cups", "price": "1"}),
        "address": (f"/users/{user['id']}/addresses", place),
        "stock": (f"/products/{product['id']}/stock", {"quantity": 4, "reason": "return"}),
        "cancel": (f"/orders/{order['id']}/cancel", None),
    }
    return posts[kind]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("user", 201), ("product", 201), ("address", 201), ("stock", 201), ("cancel", 200)],
)
async def test_every_post_is_repeated_safely(
    client: httpx.AsyncClient, kind: str, status: int
) -> None:
    path, data = await create(client, kind)
    first, again = [await post(client, path, data) for _ in range(2)]
    assert (first.status_code, again.status_code) == (status, status)
    assert (is_replayed(first), is_replayed(again)) == (False, True)
    assert first.content == again.content
    other = await post(client, path, data, "key-2")
    assert other.status_code == (201 if kind in ("address", "stock") else 409)


async def test_a_repeated_movement_moves_the_stock_once(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=10)
    path = f"/products/{product['id']}/stock"
    for _ in range(3):
        await post(client, path, {"quantity": -4, "reason": "damage"})
    assert await movements_of(client, product["id"]) == [("supply", 10), ("damage", -4)]
    assert await stock_of(client, product["id"]) == 6


async def test_other_methods_ignore_the_key(client: httpx.AsyncClient, shop: Shop) -> None:
    user, product = await create_user(client), await create_product(client)
    order = await place_order(client, user["id"], {product["id"]: 1})
    path = f"/orders/{order['id']}"
    headers = {"Idempotency-Key": "not a key"}
    assert (await client.get(path, headers=headers)).json() == order
    headers = {"Idempotency-Key": "key-1"}
    moves = [await client.patch(path, json={"status": "paid"}, headers=headers) for _ in range(2)]
    assert [move.status_code for move in moves] == [200, 409]
    assert not any(is_replayed(move) for move in moves)
    assert await kept(shop) == []


async def test_each_response_is_stored_in_one_row(client: httpx.AsyncClient, shop: Shop) -> None:
    data = await basket(client)
    for key in ("a", "b", "a", '"b"'):
        await post(client, "/orders", data, key)
    async with shop.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(IdempotencyKey)) == 2

"""Results of commands are shown to callers who may read their subject, and to their sender."""

import json

import httpx

from app.messaging.pipeline import Pipeline
from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.accounts import Person, bearer, set_user, someone, someone_of
from tests.support.factories import address, create_product
from tests.test_messaging.deliveries import PRODUCT, message, order, take_postponed

ASYNC = {"Prefer": "respond-async"}
STREET = address()["street"]
HIDDEN, SHOWN, ABSENT = (200, False), (200, True), (404, False)


async def key_of(client: httpx.AsyncClient, admin: Person, *scopes: str) -> dict[str, str]:
    """Return the header of a new API key with scopes."""
    data = {"name": "machine", "scopes": ["operations:read", *scopes]}
    answer = await client.post("/api-keys", json=data, headers=admin.headers)
    return bearer(answer.json()["key"])


async def results(
    client: httpx.AsyncClient, place: str, *callers: dict[str, str]
) -> list[tuple[int, bool]]:
    """Return the status for each caller, and whether the result is shown, also by streams."""
    seen = []
    for headers in callers:
        answer = await client.get(f"http://shop.test{place}", headers=headers)
        result = answer.json().get("result")
        if answer.status_code == 200:
            stream = await client.get(f"http://shop.test{place}/events", headers=headers)
            (data,) = [line[6:] for line in stream.text.splitlines() if line.startswith("data: ")]
            assert json.loads(data)["result"] == result
        seen.append((answer.status_code, result is not None))
    return seen


async def test_the_result_of_an_order_is_shown_to_callers_who_may_read_orders(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    admin = await someone_of(client, shop, UserRole.ADMIN)
    staff = await someone_of(client, shop, UserRole.STAFF)
    buyer = await someone(client)
    reader = await key_of(client, admin, "orders:read")
    writer = await key_of(client, admin, "orders:write")
    operator = await key_of(client, admin, "products:read", "users:read")
    data = order(buyer.user, await create_product(client)) | {"delivery_address": address()}
    places = []
    for headers in (buyer.headers, writer, staff.headers):
        accepted = await client.post("/orders", json=data, headers=headers | ASYNC)
        assert accepted.status_code == 202
        places.append(accepted.headers["Location"])
    await Pipeline(shop).process(await take_postponed(shop))
    other = (await someone(client)).headers
    callers = (buyer.headers, other, staff.headers, reader, writer, operator)
    assert [await results(client, place, *callers) for place in places] == [
        [SHOWN, ABSENT, SHOWN, SHOWN, HIDDEN, HIDDEN],
        # The sender of the request sees the order.
        [ABSENT, ABSENT, SHOWN, SHOWN, SHOWN, HIDDEN],
        [ABSENT, ABSENT, SHOWN, SHOWN, HIDDEN, HIDDEN],
    ]
    # The order does not belong to the customer who was staff before.
    await set_user(shop, staff.id, role=UserRole.CUSTOMER)
    assert await results(client, places[2], staff.headers) == [HIDDEN]


async def test_the_result_of_a_product_is_shown_to_callers_who_may_read_products(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    admin = await someone_of(client, shop, UserRole.ADMIN)
    reader = await key_of(client, admin, "products:read")
    operator = await key_of(client, admin, "orders:read")
    accepted = await client.post("/products", json=PRODUCT, headers=ASYNC)
    await Pipeline(shop).process(await take_postponed(shop))
    place = accepted.headers["Location"]
    seen = await results(client, place, {}, admin.headers, reader, operator)
    assert seen == [SHOWN, SHOWN, SHOWN, HIDDEN]


async def test_the_body_of_a_dead_letter_is_shown_to_callers_who_may_read_its_subject(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    admin = await someone_of(client, shop, UserRole.ADMIN)
    reader = await key_of(client, admin, "orders:read")
    operator = await key_of(client, admin, "products:read")
    data = order(admin.user, {"id": admin.id}) | {"delivery_address": address()}
    await Pipeline(shop).process([message("order", data)])
    (letter,) = (await client.get("/dead-letters")).json()["items"]
    bodies = [
        (await client.get(f"/dead-letters/{letter['id']}", headers=headers)).json()["body"]
        for headers in (admin.headers, reader, operator)
    ]
    assert [STREET in body for body in bodies] == [True, True, False]
    assert bodies[2] == ""

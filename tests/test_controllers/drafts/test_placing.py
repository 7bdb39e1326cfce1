"""Orders that are placed from drafts, and the refusals of placements."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import httpx

from app.schemas.orders.draft_schema import DraftPlace
from app.security.principal import SYSTEM
from app.services.orders.drafts.asked_draft import AskedDraft
from app.web.rendering.order_answers import answer_of_order
from app.wiring.resources import Shop
from tests.support.accounts import later, mails_of, someone
from tests.support.factories import create_product
from tests.support.refusals import refused
from tests.test_controllers.checkout.setting import expire, stock_of
from tests.test_controllers.drafts.setting import EMAIL, line, place, placed, read, write
from tests.test_services.checkout.races import processes_of


async def test_a_draft_takes_no_stock_and_is_not_an_order_until_it_is_placed(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="4.99", stock_quantity=3)
    draft = await write(client, line(tea, 2), email=EMAIL)
    assert await stock_of(client, tea) == 3
    assert (await client.get("/orders")).json()["items"] == []
    assert await mails_of(shop) == []
    assert "order_id" not in draft
    order = await placed(client, draft)
    assert await stock_of(client, tea) == 1
    after = await read(client, draft)
    assert (after["order_id"], after["version"], "quote" in after) == (order["id"], 2, False)
    (mail,) = await mails_of(shop)
    assert mail.recipient == EMAIL and f"{order['number']}" in mail.subject


async def test_the_order_of_a_draft_waits_for_its_payment_like_the_order_of_a_cart(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    ada = await someone(client)
    tea = await create_product(client, stock_quantity=3)
    order = await placed(client, await write(client, line(tea, 2), user_id=ada.id, pay_hours=5))
    assert (order["user_id"], order["email"]) == (ada.id, ada.user["email"])
    waits = datetime.fromisoformat(order["pay_by"]) - datetime.fromisoformat(order["created_at"])
    assert round(waits / timedelta(hours=1), 2) == 5
    with later(shop, timedelta(hours=5, seconds=1)):
        await expire(shop)
        assert (await client.get(f"/orders/{order['id']}")).json()["status"] == "cancelled"
    assert await stock_of(client, tea) == 3
    about = [each for each in await mails_of(shop) if f"{order['number']}" in each.subject]
    assert len(about) == 2


async def test_the_order_of_a_customer_without_an_email_address_does_not_expire(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="4.99", stock_quantity=3)
    discounts = [{"label": "At the counter", "percent": "100"}]
    order = await placed(client, await write(client, line(tea), discounts=discounts))
    assert (order["total"], "pay_by" in order, "email" in order) == ("0.00", False, False)
    assert await mails_of(shop) == []
    cancelled = await client.post(f"/orders/{order['id']}/cancel")
    assert (cancelled.json()["status"], await stock_of(client, tea)) == ("cancelled", 3)
    assert cancelled.json()["discounts"] == order["discounts"]


async def test_concurrent_and_repeated_placements_of_a_draft_are_one_order(
    client: httpx.AsyncClient,
) -> None:
    tea = await create_product(client, stock_quantity=9)
    draft = await write(client, line(tea, 2))
    answers = await asyncio.gather(*(place(client, draft) for _ in range(4)))
    answers.append(await place(client, draft))
    assert [each.status_code for each in answers] == [201] * 5
    assert len({each.json()["id"] for each in answers}) == 1
    assert len((await client.get("/orders")).json()["items"]) == 1
    assert await stock_of(client, tea) == 7


async def test_two_processes_that_place_a_draft_concurrently_place_one_order(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="4.99", stock_quantity=99)
    data = DraftPlace.parse({"expected_total": "4.99"})
    for count in range(1, 6):
        draft = await write(client, line(tea))
        asked = AskedDraft(SYSTEM, UUID(draft["id"]), data)
        answers = await asyncio.gather(
            *(each.place(asked, None, answer_of_order) for each in processes_of(shop, 3))
        )
        assert [each.status for each in answers] == [201] * 3
        assert len({each.body for each in answers}) == 1
        assert await stock_of(client, tea) == 99 - count


async def test_an_idempotency_key_repeats_the_response_to_a_placement(
    client: httpx.AsyncClient,
) -> None:
    draft = await write(client, line(await create_product(client)))
    first = await place(client, draft, **{"Idempotency-Key": "once"})
    again = await place(client, draft, **{"Idempotency-Key": "once"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_another_total_than_the_agreed_one_is_refused_with_the_current_one(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    listed = await create_product(client, price="4.99", stock_quantity=5)
    own = await create_product(client, price="8.00")
    draft = await write(client, line(listed, 2), line(own, 1, "7.00"))
    assert draft["quote"]["total"] == "16.98"
    for product in (listed, own):
        await client.patch(f"/products/{product['id']}", json={"price": "5.49"})
    path, body = f"/order-drafts/{draft['id']}/place", {"expected_total": "16.98"}
    problem = await refused(client, shop, "POST", path, json=body)
    assert (problem["status"], problem["type"]) == (409, "urn:problem:draft-changed")
    assert (problem["total"], problem["currency"]) == ("17.98", "USD")
    assert (await read(client, draft))["quote"]["total"] == "17.98"
    assert (await place(client, draft, "17.98")).status_code == 201


async def test_lines_that_cannot_be_ordered_are_reported_and_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, stock_quantity=1)
    gone = await create_product(client)
    draft = await write(client, line(tea, 2), line(gone))
    await client.patch(f"/products/{gone['id']}", json={"is_active": False})
    now = await read(client, draft)
    assert [each["code"] for each in now["quote"]["notices"]] == ["only-n-left", "not-for-sale"]
    path, body = f"/order-drafts/{draft['id']}/place", {"expected_total": "1.00"}
    problem = await refused(client, shop, "POST", path, json=body)
    assert problem["type"] == "urn:problem:product-not-for-sale"
    await client.patch(f"/order-drafts/{draft['id']}", json={"items": [line(tea, 2)]})
    problem = await refused(client, shop, "POST", path, json=body)
    assert problem["type"] == "urn:problem:insufficient-stock"

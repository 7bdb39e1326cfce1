"""Drafts of orders: written, shown, changed and deleted by staff."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.models import UserRole
from app.wiring.lifecycle import delete_expired
from app.wiring.resources import Shop
from tests.support.accounts import later, someone, someone_of
from tests.support.factories import create_product
from tests.support.refusals import NOTHING, places_of, problem_of, refusal_of, refused
from tests.test_controllers.drafts.setting import line, place, placed, read, write


@pytest.mark.any_database
async def test_a_change_of_an_older_draft_or_of_a_placed_one_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="4.99")
    draft = await write(client, line(tea, 2, "4.00"), discounts=[{"label": "Off", "percent": "5"}])
    path = f"/order-drafts/{draft['id']}"
    old = {"If-Match": (await client.get(path)).headers["ETag"]}
    changed = await client.patch(path, json={"discounts": []}, headers=old)
    assert (changed.json()["version"], changed.json()["quote"]["total"]) == (2, "8.00")
    problem = await refused(client, shop, "PATCH", path, json={"note": "Ring."}, headers=old)
    assert problem["status"] == 412
    assert (await client.patch(path, json={"items": [line(tea)]})).json()["quote"]["total"] == (
        "4.99"
    )
    order = await placed(client, await read(client, draft))
    problem = await refused(client, shop, "PATCH", path, json={"note": "Ring."})
    assert (problem["type"], problem["order_id"]) == ("urn:problem:draft-placed", order["id"])


@pytest.mark.any_database
async def test_a_draft_is_deleted_and_its_order_stays(client: httpx.AsyncClient) -> None:
    draft = await write(client, line(await create_product(client)))
    order = await placed(client, draft)
    assert (await client.delete(f"/order-drafts/{draft['id']}")).status_code == 204
    assert refusal_of(await client.get(f"/order-drafts/{draft['id']}")) == (404, "draft-not-found")
    assert refusal_of(await place(client, draft)) == (404, "draft-not-found")
    assert (await client.get(f"/orders/{order['id']}")).json() == order


@pytest.mark.any_database
async def test_drafts_are_listed_by_pages_newest_first(client: httpx.AsyncClient) -> None:
    tea = await create_product(client)
    drafts = [await write(client, line(tea), email=f"{name}@example.com") for name in "abc"]
    page = (await client.get("/order-drafts?limit=2")).json()
    rest = (await client.get(f"/order-drafts?limit=2&cursor={page['next']}")).json()
    ids = [each["id"] for each in page["items"] + rest["items"]]
    assert ids == [each["id"] for each in reversed(drafts)]
    assert rest["next"] is None
    assert page["items"][0]["email"] == "c@example.com" and "quote" not in page["items"][0]


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"items": [{"variant_id": NOTHING, "quantity": 1}]}, ["#/items/0/variant_id"]),
        ({"items": [{"product_id": NOTHING, "quantity": 1}]}, ["#/items/0/product_id"]),
        ({"items": []}, ["#/items"]),
        ({"shipping_price": "4.90"}, ["#/shipping_price"]),
        ({"discounts": [{"label": "Off"}]}, ["#/discounts/0/amount"]),
        ({"discounts": [{"label": "Off", "amount": "0.00"}]}, ["#/discounts/0/amount"]),
        (
            {"discounts": [{"label": "Off", "amount": "1.00", "percent": "5"}]},
            ["#/discounts/0/percent"],
        ),
        ({"discounts": [{"label": "Off", "percent": "101"}]}, ["#/discounts/0/percent"]),
        ({"vat_number": "ATU13585626"}, ["#/vat_number"]),
        ({"pay_hours": 0}, ["#/pay_hours"]),
        ({"total": "1.00"}, ["#/total"]),
    ],
)
async def test_a_wrong_value_is_refused_by_its_field(
    client: httpx.AsyncClient, shop: Shop, fields: dict[str, Any], places: list[str]
) -> None:
    draft = await write(client, line(await create_product(client)))
    body = {"items": draft["items"]} | fields
    problem = await refused(client, shop, "POST", "/order-drafts", json=body)
    assert list(places_of(problem)) == places
    problem = await refused(client, shop, "PATCH", f"/order-drafts/{draft['id']}", json=fields)
    assert list(places_of(problem)) == places


async def test_a_line_must_name_a_variant_and_each_variant_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client)
    shirt = await create_product(
        client,
        option_values={"Size": "M"},
        variants=[{"sku": "SHIRT-L", "option_values": {"Size": "L"}}],
    )
    body = {"items": [line(tea), line(shirt), line(tea, 1, "1.00")]}
    problem = await refused(client, shop, "POST", "/order-drafts", json=body)
    assert places_of(problem) == {
        "#/items/1/product_id": "has several variants: name one by variant_id",
        "#/items/2/product_id": "is named twice",
    }


@pytest.mark.any_database
async def test_an_unknown_user_or_method_is_refused(client: httpx.AsyncClient, shop: Shop) -> None:
    items = [line(await create_product(client))]
    for name, code in (("user_id", "user"), ("shipping_method_id", "shipping-method")):
        body = {"items": items, name: NOTHING}
        problem = await refused(client, shop, "POST", "/order-drafts", json=body)
        assert (problem["status"], problem["type"]) == (404, f"urn:problem:{code}-not-found")


@pytest.mark.any_database
async def test_customers_have_no_drafts(client: httpx.AsyncClient, shop: Shop) -> None:
    draft = await write(client, line(await create_product(client)))
    ada = await someone(client)
    path = f"/order-drafts/{draft['id']}"
    for method, url, body in (
        ("GET", path, None),
        ("POST", f"{path}/place", {"expected_total": draft["quote"]["total"]}),
        ("POST", "/order-drafts", {"items": draft["items"]}),
    ):
        response = await client.request(method, url, json=body, headers=ada.headers)
        assert problem_of(response)["status"] == 403
    grace = await someone_of(client, shop, UserRole.STAFF)
    assert (await client.get(path, headers=grace.headers)).status_code == 200
    assert (await client.get("/orders")).json()["items"] == []


@pytest.mark.any_database
async def test_the_drafts_of_a_user_are_exported_and_erased_with_the_user(
    client: httpx.AsyncClient,
) -> None:
    ada = await someone(client)
    tea = await create_product(client)
    draft, other = await write(client, line(tea), user_id=ada.id), await write(client, line(tea))
    exported = (await client.get(f"/users/{ada.id}/export")).json()
    assert exported["order_drafts"] == [{k: v for k, v in draft.items() if k != "quote"}]
    assert (await client.delete(f"/users/{ada.id}")).status_code == 204
    left = (await client.get("/order-drafts")).json()["items"]
    assert [each["id"] for each in left] == [other["id"]]


async def test_old_drafts_are_deleted(client: httpx.AsyncClient, shop: Shop) -> None:
    tea = await create_product(client)
    old, kept = await write(client, line(tea)), await write(client, line(tea))
    with later(shop, timedelta(days=1)):
        await client.patch(f"/order-drafts/{kept['id']}", json={"note": "Ring."})
    with later(shop, timedelta(days=90, seconds=1)):
        await delete_expired(shop)
    left = (await client.get("/order-drafts")).json()["items"]
    assert [each["id"] for each in left] == [kept["id"]]
    assert refusal_of(await client.get(f"/order-drafts/{old['id']}"))[0] == 404

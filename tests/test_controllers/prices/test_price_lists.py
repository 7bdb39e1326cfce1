"""Price lists and their prices: added, changed and refused."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.models import AuditEvent
from app.security.areas.catalogue import CatalogueAudited
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.refusals import places_of, refused
from tests.test_controllers.prices.lists import make_list, set_prices, shown

SUMMER = {
    "code": "summer",
    "name": "Summer sale",
    "starts_at": "2026-07-01T00:00:00+02:00",
    "ends_at": "2026-07-15T00:00:00Z",
}
NOTHING = "0199a1b2-7c00-7d00-8e00-0123456789ab"


async def test_an_added_price_list_is_shown_with_its_fields(client: httpx.AsyncClient) -> None:
    response = await client.post("/price-lists", json=SUMMER)
    made = response.json()
    path = f"/price-lists/{made['id']}"
    assert (response.status_code, response.headers["Location"]) == (201, f"/api/v1{path}")
    assert (
        made.items()
        >= {
            "code": "summer",
            "name": "Summer sale",
            "currency": "USD",
            "starts_at": "2026-06-30T22:00:00Z",
            "ends_at": "2026-07-15T00:00:00Z",
            "is_active": True,
            "version": 1,
        }.items()
    )
    assert await shown(client, path) == made
    assert await shown(client, "/price-lists") == {"items": [made], "next": None}


async def test_price_lists_are_paged_newest_first(client: httpx.AsyncClient, shop: Shop) -> None:
    codes = [(await make_list(client, shop, {}))["code"] for _ in range(3)]
    first = await shown(client, "/price-lists?limit=2")
    second = await shown(client, f"/price-lists?limit=2&cursor={first['next']}")
    found = [each["code"] for each in first["items"] + second["items"]]
    assert (found, second["next"]) == (codes[::-1], None)


async def test_a_change_of_a_price_list_is_refused_without_its_current_etag(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    made = await make_list(client, shop, {})
    path = f"/price-lists/{made['id']}"
    before = (await client.get(path)).headers["ETag"]
    change: dict[str, Any] = {"json": {"name": "Other"}, "headers": {"If-Match": before}}
    changed = await client.patch(path, **change)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    problem = await refused(client, shop, "PATCH", path, **change)
    assert problem["type"] == "urn:problem:precondition-failed"


async def test_a_code_of_a_price_list_is_unique(client: httpx.AsyncClient, shop: Shop) -> None:
    made = (await client.post("/price-lists", json=SUMMER)).json()
    problem = await refused(client, shop, "POST", "/price-lists", json=SUMMER)
    assert (problem["status"], problem["type"]) == (409, "urn:problem:price-list-exists")
    assert (await client.delete(f"/price-lists/{made['id']}")).status_code == 204
    assert (await client.post("/price-lists", json=SUMMER)).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "Sale"}),
        ("DELETE", "", None),
        ("GET", "/prices", None),
        ("PUT", "/prices", {"prices": [{"variant_id": NOTHING, "amount": "1.00"}]}),
    ],
)
async def test_a_list_that_does_not_exist_is_not_found(
    client: httpx.AsyncClient, shop: Shop, method: str, path: str, body: dict[str, Any] | None
) -> None:
    its = {} if body is None else {"json": body}
    problem = await refused(client, shop, method, f"/price-lists/{NOTHING}{path}", **its)
    assert (problem["status"], problem["type"]) == (404, "urn:problem:price-list-not-found")


@pytest.mark.parametrize("ends_at", ["2026-06-30T22:00:00Z", "2026-01-01T00:00:00Z"])
async def test_a_list_ends_after_it_starts(
    client: httpx.AsyncClient, shop: Shop, ends_at: str
) -> None:
    wrong = {"#/ends_at": "must be after starts_at"}
    body = SUMMER | {"ends_at": ends_at}
    assert places_of(await refused(client, shop, "POST", "/price-lists", json=body)) == wrong
    made = (await client.post("/price-lists", json=SUMMER)).json()
    path = f"/price-lists/{made['id']}"
    change = {"ends_at": ends_at}
    assert places_of(await refused(client, shop, "PATCH", path, json=change)) == wrong


async def test_prices_are_set_replaced_and_removed_and_others_do_not_change(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    ids = sorted([(await create_product(client, price="10.00"))["id"] for _ in range(3)])
    made = await make_list(client, shop, {})
    path = f"/price-lists/{made['id']}"

    async def prices() -> dict[str, tuple[str, str | None]]:
        items = (await shown(client, f"{path}/prices"))["items"]
        return {
            each["variant_id"]: (each["amount"], each.get("compare_at_price")) for each in items
        }

    outcome = await set_prices(client, made, dict(zip(ids, ["1.00", "2.00", "3.00"])))
    assert outcome == {"set_count": 3, "removed_count": 0}
    changed = {ids[0]: {"amount": 1.5, "compare_at_price": "9"}, ids[1]: None}
    assert await set_prices(client, made, changed) == {"set_count": 1, "removed_count": 1}
    assert await prices() == {ids[0]: ("1.50", "9.00"), ids[2]: ("3.00", None)}
    version = (await shown(client, path))["version"]
    assert version == 3
    # A request without a change is not counted as a change.
    again = {ids[0]: {"amount": "1.50", "compare_at_price": "9.00"}, ids[1]: None}
    assert await set_prices(client, made, again) == {"set_count": 1, "removed_count": 0}
    assert (await shown(client, path))["version"] == version


async def test_prices_are_paged_in_the_order_of_the_variants(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    products = {each["id"]: each for each in [await create_product(client) for _ in range(3)]}
    made = await make_list(client, shop, dict.fromkeys(products, "1.00"))
    path = f"/price-lists/{made['id']}/prices?limit=2"
    first = await shown(client, path)
    second = await shown(client, f"{path}&cursor={first['next']}")
    rows = first["items"] + second["items"]
    assert second["next"] is None
    assert rows == [
        {
            "variant_id": each,
            "product_id": each,
            "sku": products[each]["sku"],
            "amount": "1.00",
        }
        for each in sorted(products)
    ]
    # An archived product no longer has a price.
    await client.delete(f"/variants/{rows[0]['variant_id']}")
    problem = await refused(client, shop, "GET", f"{path}&cursor=x")
    assert places_of(problem) == {"cursor": "is not a cursor of this list"}


async def test_each_wrong_price_is_named_and_none_is_set(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product, other = await create_product(client), await create_product(client)
    archived = await create_product(client)
    await client.delete(f"/products/{archived['id']}")
    made = await make_list(client, shop, {other["id"]: "1.00"})
    rows = [
        {"variant_id": other["id"], "amount": "2.00"},
        {"variant_id": NOTHING, "amount": "1.00"},
        {"variant_id": archived["id"], "amount": "1.00"},
        {"variant_id": product["id"], "amount": "1.005"},
        {"variant_id": other["id"], "amount": "3.00"},
    ]
    path = f"/price-lists/{made['id']}/prices"
    problem = await refused(client, shop, "PUT", path, json={"prices": rows})
    assert places_of(problem) == {
        "#/prices/1/variant_id": "is not a variant of the shop",
        "#/prices/2/variant_id": "is not a variant of the shop",
        "#/prices/3/amount": "must have at most 2 decimal places (USD)",
        "#/prices/4/variant_id": "is named twice",
    }


@pytest.mark.parametrize(
    ("row", "place", "reason"),
    [
        ({"amount": "-1"}, "amount", "must be a decimal number like 19.99, without a sign"),
        ({"amount": "0" * 33}, "amount", "must have at most 32 characters"),
        ({"amount": "1e3"}, "amount", "must be a decimal number like 19.99, without a sign"),
        ({"amount": -1}, "amount", "must not be negative"),
        ({"amount": True}, "amount", "must be a decimal string or a number"),
        ({"amount": "10000000000"}, "amount", "must be at most 9999999999.99"),
        ({}, "amount", "is required"),
        (
            {"amount": "2.00", "compare_at_price": "2.00"},
            "compare_at_price",
            "must be more than the amount",
        ),
        (
            {"amount": None, "compare_at_price": "2.00"},
            "compare_at_price",
            "must be more than the amount",
        ),
    ],
)
async def test_a_wrong_amount_is_refused(
    client: httpx.AsyncClient, shop: Shop, row: dict[str, Any], place: str, reason: str
) -> None:
    product = await create_product(client)
    made = await make_list(client, shop, {})
    path = f"/price-lists/{made['id']}/prices"
    body = {"prices": [{"variant_id": product["id"]} | row]}
    problem = await refused(client, shop, "PUT", path, json=body)
    assert places_of(problem) == {f"#/prices/0/{place}": reason}


async def test_a_thousand_prices_are_set_at_once_and_no_more(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    made = await make_list(client, shop, {})
    path = f"/price-lists/{made['id']}/prices"
    row = {"variant_id": product["id"], "amount": "1.00", "compare_at_price": "100.00"}
    problem = await refused(client, shop, "PUT", path, json={"prices": [row] * 1_001})
    assert set(places_of(problem)) == {"#/prices"}
    problem = await refused(client, shop, "PUT", path, json={"prices": [row] * 1_000})
    # A refusal names a hundred.
    assert len(places_of(problem)) == 100


async def test_each_price_that_changes_is_in_the_audit_trail(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product, other = await create_product(client), await create_product(client)
    made = await make_list(client, shop, {product["id"]: "1.00", other["id"]: "1.00"})
    await set_prices(client, made, {product["id"]: "2.00", other["id"]: "1.00"})
    await set_prices(client, made, {product["id"]: None})
    async with shop.database.read() as session:
        query = select(AuditEvent).where(AuditEvent.event == CatalogueAudited.PRICE_CHANGED)
        events = (await session.scalars(query.order_by(AuditEvent.id))).all()
    details = [each.detail for each in events if str(each.subject_id) == product["id"]]
    code = made["code"]
    assert details == [
        {"price_list": code, "from": None, "to": "1.00"},
        {"price_list": code, "from": "1.00", "to": "2.00"},
        {"price_list": code, "from": "2.00", "to": None},
    ]
    assert len(events) == 4


async def test_the_code_base_is_reserved(client: httpx.AsyncClient, shop: Shop) -> None:
    body = SUMMER | {"code": "base"}
    wrong = {"#/code": "must not be base, which names no list"}
    assert places_of(await refused(client, shop, "POST", "/price-lists", json=body)) == wrong

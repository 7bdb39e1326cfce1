"""Promotions: added, changed, ended and refused."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.models import AuditEvent, Promotion
from app.security.areas.promotions import PromotionsAudited
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.refusals import NOTHING, places_of, refused
from tests.test_controllers.promotions.setting import FIVE, PERCENT, add_promotion

BUNDLE = {"effect": "bundle", "percent": "100", "buys": 2, "gets": 1}


@pytest.mark.any_database
async def test_an_added_promotion_is_shown_with_its_fields(client: httpx.AsyncClient) -> None:
    product = await create_product(client)
    fields = {
        "starts_at": "2026-07-01T00:00:00Z",
        "ends_at": "2026-07-15T00:00:00Z",
        "min_subtotals": FIVE,
        "min_quantity": 2,
        "product_ids": [product["id"]],
        "countries": ["DE", "AT"],
        "first_order_only": True,
        "usage_limit": 100,
        "per_customer_limit": 1,
        "combines": False,
        "priority": 3,
    }
    added = await add_promotion(client, **fields)
    own = {each: added[each] for each in ("id", "created_at", "updated_at")}
    assert added == PERCENT | fields | own | {"version": 1, "used": 0}
    assert (await client.get(f"/promotions/{added['id']}")).json() == added
    assert (await client.get("/promotions")).json() == {"items": [added], "next": None}


@pytest.mark.any_database
@pytest.mark.parametrize(
    "fields",
    [
        {"effect": "percent_order", "percent": "12.5"},
        {"effect": "amount_items", "percent": None, "amounts": FIVE},
        {"effect": "amount_order", "percent": None, "amounts": FIVE},
        {"effect": "free_shipping", "percent": None},
        BUNDLE,
    ],
)
async def test_each_effect_has_its_own_fields(
    client: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    added = await add_promotion(client, **fields)
    assert added.items() >= fields.items()


@pytest.mark.any_database
async def test_promotions_are_paged_newest_first(client: httpx.AsyncClient) -> None:
    for name in ("1", "2", "3"):
        await add_promotion(client, name=name)
    first = (await client.get("/promotions?limit=2")).json()
    second = (await client.get(f"/promotions?limit=2&cursor={first['next']}")).json()
    found = [each["name"] for each in first["items"] + second["items"]]
    assert (found, second["next"]) == (["3", "2", "1"], None)


@pytest.mark.any_database
async def test_a_change_keeps_fields_that_it_does_not_name(client: httpx.AsyncClient) -> None:
    added = await add_promotion(client, min_subtotals=FIVE)
    path = f"/promotions/{added['id']}"
    changed = (await client.patch(path, json={"percent": "15", "is_active": False})).json()
    after = {"percent": "15", "is_active": False, "version": 2}
    assert changed == added | after | {"updated_at": changed["updated_at"]}
    assert (await client.get(path)).json() == changed


@pytest.mark.any_database
async def test_a_change_of_a_promotion_is_refused_without_its_current_etag(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = f"/promotions/{(await add_promotion(client))['id']}"
    seen = {"If-Match": (await client.get(path)).headers["ETag"]}
    assert (await client.patch(path, json={"priority": 1}, headers=seen)).status_code == 200
    problem = await refused(client, shop, "PATCH", path, json={"priority": 2}, headers=seen)
    assert problem["type"] == "urn:problem:precondition-failed"


@pytest.mark.any_database
async def test_an_ended_promotion_that_was_never_used_leaves_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = f"/promotions/{(await add_promotion(client))['id']}"
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/promotions")).json()["items"] == []
    async with shop.database.read() as session:
        assert await session.scalar(select(Promotion)) is None


@pytest.mark.any_database
async def test_changes_of_a_promotion_are_in_the_audit_trail(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = f"/promotions/{(await add_promotion(client))['id']}"
    await client.patch(path, json={"percent": "20"})
    await client.delete(path)
    async with shop.database.read() as session:
        events = list(await session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    assert [(each.event, each.detail) for each in events if "promotion" in each.event] == [
        (PromotionsAudited.PROMOTION_ADDED, PERCENT),
        (PromotionsAudited.PROMOTION_CHANGED, PERCENT | {"percent": "20"}),
        (PromotionsAudited.PROMOTION_ENDED, PERCENT | {"percent": "20"}),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "Sale"}),
        ("DELETE", "", None),
        ("GET", "/coupons", None),
        ("POST", "/coupons", {"code": "SUMMER"}),
        ("GET", f"/coupons/{NOTHING}", None),
        ("PATCH", f"/coupons/{NOTHING}", {"is_active": False}),
    ],
)
async def test_a_promotion_that_does_not_exist_is_not_found(
    client: httpx.AsyncClient, shop: Shop, method: str, path: str, body: dict[str, Any] | None
) -> None:
    its = {} if body is None else {"json": body}
    problem = await refused(client, shop, method, f"/promotions/{NOTHING}{path}", **its)
    assert (problem["status"], problem["type"]) == (404, "urn:problem:promotion-not-found")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"percent": None}, {"#/percent": "is required for percent_items"}),
        ({"percent": "0"}, {"#/percent": "must be more than 0"}),
        ({"amounts": FIVE}, {"#/amounts": "does not fit percent_items"}),
        (
            {"buys": 2, "gets": 1},
            {
                "#/buys": "does not fit percent_items",
                "#/gets": "does not fit percent_items",
            },
        ),
        (
            {"min_subtotals": [{"currency": "USD", "amount": "0.001"}]},
            {"#/min_subtotals/0/amount": "must have at most 2 decimal places (USD)"},
        ),
        (
            {"min_subtotals": [{"currency": "USD", "amount": "0"}]},
            {"#/min_subtotals/0/amount": "must be more than 0"},
        ),
        ({"min_subtotals": FIVE * 2}, {"#/min_subtotals/1/currency": "has an amount already"}),
        ({"category_ids": [NOTHING]}, {"#/category_ids/0": "does not exist"}),
        ({"product_ids": [NOTHING]}, {"#/product_ids/0": "does not exist"}),
        (
            {"starts_at": "2026-07-01T00:00:00Z", "ends_at": "2026-07-01T00:00:00Z"},
            {"#/ends_at": "must be after starts_at"},
        ),
    ],
)
async def test_a_wrong_promotion_is_refused_by_its_field(
    client: httpx.AsyncClient, shop: Shop, fields: dict[str, Any], wrong: dict[str, str]
) -> None:
    path = f"/promotions/{(await add_promotion(client))['id']}"
    for method, where, body in (
        ("POST", "/promotions", PERCENT | fields),
        ("PATCH", path, fields),
    ):
        problem = await refused(client, shop, method, where, json=body)
        assert places_of(problem) == wrong


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("effect", "wrong"),
    [
        ("percent_order", {"#/percent": "is required for percent_order"}),
        ("amount_items", {"#/amounts": "is required for amount_items"}),
        ("amount_order", {"#/amounts": "is required for amount_order"}),
        (
            "bundle",
            {f"#/{each}": "is required for bundle" for each in ("percent", "buys", "gets")},
        ),
    ],
)
async def test_a_promotion_without_the_fields_of_its_effect_is_refused(
    client: httpx.AsyncClient, shop: Shop, effect: str, wrong: dict[str, str]
) -> None:
    body = PERCENT | {"effect": effect, "percent": None}
    problem = await refused(client, shop, "POST", "/promotions", json=body)
    assert places_of(problem) == wrong


@pytest.mark.any_database
async def test_free_shipping_has_no_percentage(client: httpx.AsyncClient, shop: Shop) -> None:
    body = PERCENT | {"effect": "free_shipping"}
    problem = await refused(client, shop, "POST", "/promotions", json=body)
    assert places_of(problem) == {"#/percent": "does not fit free_shipping"}


@pytest.mark.any_database
@pytest.mark.parametrize("field", [{"effect": "free_shipping"}, {"trigger": "code"}])
async def test_effect_and_trigger_never_change(
    client: httpx.AsyncClient, shop: Shop, field: dict[str, str]
) -> None:
    path = f"/promotions/{(await add_promotion(client))['id']}"
    problem = await refused(client, shop, "PATCH", path, json=field)
    assert list(places_of(problem).values()) == ["is not a field of this document"]

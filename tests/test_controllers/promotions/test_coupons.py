"""Coupons: with given codes and random codes, changed and refused."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.models import AuditEvent
from app.security.areas.promotions import PromotionsAudited
from app.services.promotions import coupon_service
from app.wiring.resources import Shop
from tests.support.refusals import NOTHING, places_of, refused
from tests.test_controllers.promotions.setting import add_coupons, add_promotion


@pytest.fixture(name="promotion")
async def _promotion(client: httpx.AsyncClient) -> dict[str, Any]:
    return await add_promotion(client, trigger="code")


@pytest.mark.any_database
async def test_an_added_coupon_is_shown_with_its_fields(
    client: httpx.AsyncClient, promotion: dict[str, Any]
) -> None:
    (added,) = await add_coupons(client, promotion, code=" Summer 26 ", usage_limit=3)
    own = {each: added[each] for each in ("id", "created_at", "updated_at")}
    its = {"promotion_id": promotion["id"], "code": "Summer 26", "usage_limit": 3}
    assert added == own | its | {"used": 0, "is_active": True, "version": 1}
    path = f"/promotions/{promotion['id']}/coupons"
    assert (await client.get(f"{path}/{added['id']}")).json() == added
    assert (await client.get(path)).json() == {"items": [added], "next": None}


@pytest.mark.any_database
async def test_random_codes_are_distinct_and_unambiguous(
    client: httpx.AsyncClient, promotion: dict[str, Any]
) -> None:
    added = await add_coupons(client, promotion, count=500, usage_limit=1)
    codes = {each["code"] for each in added}
    assert len(codes) == len(added) == 500
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{10}", each) for each in codes)
    assert {each["usage_limit"] for each in added} == {1}
    path, found, cursor = f"/promotions/{promotion['id']}/coupons?limit=100", [], ""
    while cursor is not None:
        page = (await client.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        found += [each["code"] for each in page["items"]]
        cursor = page["next"]
    assert len(found) == 500 and set(found) == codes


@pytest.mark.any_database
async def test_a_random_code_that_already_exists_is_generated_again(
    client: httpx.AsyncClient, promotion: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_coupons(client, promotion, code="TAKENTAKEN")
    codes = iter(["TAKENTAKEN", "FREEFREE00"])
    monkeypatch.setattr(coupon_service, "_random_code", lambda: next(codes))
    (added,) = await add_coupons(client, promotion, count=1)
    assert added["code"] == "FREEFREE00"


@pytest.mark.parametrize("code", ["SUMMER-26", "summer-26", " sum mer-26", "ＳＵＭＭＥＲ-26"])
async def test_a_code_exists_once_in_all_spellings(
    client: httpx.AsyncClient, shop: Shop, promotion: dict[str, Any], code: str
) -> None:
    await add_coupons(client, promotion, code="Summer-26")
    other = await add_promotion(client, trigger="code")
    path = f"/promotions/{other['id']}/coupons"
    problem = await refused(client, shop, "POST", path, json={"code": code})
    assert (problem["status"], problem["type"]) == (409, "urn:problem:coupon-exists")


@pytest.mark.any_database
async def test_a_promotion_that_applies_by_itself_has_no_coupons(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = f"/promotions/{(await add_promotion(client))['id']}/coupons"
    problem = await refused(client, shop, "POST", path, json={"count": 1})
    assert (problem["status"], problem["type"]) == (409, "urn:problem:automatic-promotion")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"#/code": "is required, or else count"}),
        ({"code": "SUMMER", "count": 1}, {"#/count": "must be absent where code is given"}),
        ({"code": " A  B "}, {"#/code": "must have at least 3 characters without spaces"}),
    ],
)
async def test_coupons_need_a_code_or_a_number(
    client: httpx.AsyncClient,
    shop: Shop,
    promotion: dict[str, Any],
    body: dict[str, Any],
    wrong: dict[str, str],
) -> None:
    path = f"/promotions/{promotion['id']}/coupons"
    assert places_of(await refused(client, shop, "POST", path, json=body)) == wrong


@pytest.mark.any_database
async def test_a_coupon_is_switched_off(
    client: httpx.AsyncClient, shop: Shop, promotion: dict[str, Any]
) -> None:
    (added,) = await add_coupons(client, promotion, code="SUMMER")
    path = f"/promotions/{promotion['id']}/coupons/{added['id']}"
    seen = {"If-Match": (await client.get(path)).headers["ETag"]}
    changed = (await client.patch(path, json={"is_active": False}, headers=seen)).json()
    after = {"is_active": False, "version": 2, "updated_at": changed["updated_at"]}
    assert changed == added | after
    assert (await client.get(path)).json() == changed
    problem = await refused(client, shop, "PATCH", path, json={"usage_limit": 1}, headers=seen)
    assert problem["type"] == "urn:problem:precondition-failed"


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PATCH", {"is_active": False})])
async def test_the_coupon_of_another_promotion_is_not_found(
    client: httpx.AsyncClient,
    shop: Shop,
    promotion: dict[str, Any],
    method: str,
    body: dict[str, Any] | None,
) -> None:
    other = await add_promotion(client, trigger="code")
    (its,) = await add_coupons(client, other, code="SUMMER")
    asked = {} if body is None else {"json": body}
    for coupon_id in (its["id"], NOTHING):
        path = f"/promotions/{promotion['id']}/coupons/{coupon_id}"
        problem = await refused(client, shop, method, path, **asked)
        assert (problem["status"], problem["type"]) == (404, "urn:problem:coupon-not-found")


@pytest.mark.any_database
async def test_an_ended_promotion_frees_the_codes_that_were_never_used(
    client: httpx.AsyncClient, promotion: dict[str, Any]
) -> None:
    await add_coupons(client, promotion, code="SUMMER")
    assert (await client.delete(f"/promotions/{promotion['id']}")).status_code == 204
    other = await add_promotion(client, trigger="code")
    assert len(await add_coupons(client, other, code="summer")) == 1


@pytest.mark.any_database
async def test_changes_of_coupons_are_in_the_audit_trail_without_random_codes(
    client: httpx.AsyncClient, shop: Shop, promotion: dict[str, Any]
) -> None:
    (one,) = await add_coupons(client, promotion, code="SUMMER")
    await add_coupons(client, promotion, count=2, usage_limit=1)
    path = f"/promotions/{promotion['id']}/coupons/{one['id']}"
    await client.patch(path, json={"is_active": False})
    async with shop.database.read() as session:
        events = list(await session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    assert [(each.event, each.detail) for each in events if "coupon" in each.event] == [
        (PromotionsAudited.COUPONS_ADDED, {"count": 1, "usage_limit": None, "code": "SUMMER"}),
        (PromotionsAudited.COUPONS_ADDED, {"count": 2, "usage_limit": 1}),
        (
            PromotionsAudited.COUPON_CHANGED,
            {"code": "SUMMER", "usage_limit": None, "is_active": False},
        ),
    ]

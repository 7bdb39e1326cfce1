"""The audit trail over HTTP: its events, with subject, actor and address, and its filters."""

from typing import Any

import httpx
import pytest

from app.models import UserRole
from app.wiring.lifecycle import ensure_admin
from app.wiring.resources import Shop
from tests.support.accounts import Person, log_in, someone, someone_of
from tests.support.factories import create_product, create_user
from tests.support.machines import NAME
from tests.support.queries import statements_of
from tests.support.refusals import NOTHING, places_of

HOME = "127.0.0.1"
NOBODY, SHOP = "anonymous", "system"


async def trail(client: httpx.AsyncClient, admin: Person, **query: Any) -> list[dict[str, Any]]:
    """Return a page of the audit trail."""
    response = await client.get("/audit", params=query, headers=admin.headers)
    assert response.status_code == 200, response.text
    events: list[dict[str, Any]] = response.json()["items"]
    return events


def told(event: dict[str, Any]) -> tuple[Any, ...]:
    """Return the fields of an event without its id and time."""
    assert sorted(event) == [
        "actor",
        "address",
        "created_at",
        "detail",
        "event",
        "id",
        "subject_id",
    ]
    return event["event"], event["actor"], event["subject_id"], event["detail"], event["address"]


@pytest.mark.any_database
async def test_successful_and_failed_log_ins_are_recorded(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin, user = await someone_of(machine, still, UserRole.ADMIN), await create_user(machine)
    await log_in(machine, user["email"])
    await log_in(machine, user["email"], "wrong horse")
    await log_in(machine, "secret-of-a-user-in-the-wrong-field@example.com", "wrong horse")
    assert [told(each) for each in await trail(machine, admin)] == [
        ("login.failed", NOBODY, None, {}, HOME),
        ("login.failed", NOBODY, user["id"], {}, HOME),
        ("login.succeeded", NOBODY, user["id"], {}, HOME),
        ("login.succeeded", NOBODY, admin.id, {}, HOME),
    ]


@pytest.mark.any_database
async def test_a_change_of_role_and_access_is_recorded_with_old_and_new_values(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin, user = await someone_of(machine, still, UserRole.ADMIN), await create_user(machine)
    path = f"/users/{user['id']}/access"
    for change in ({"role": "staff", "is_active": False}, {"role": "staff"}, {"is_active": True}):
        changed = await machine.patch(path, json=change, headers=admin.headers)
        assert changed.status_code == 200
    # The second request changed nothing.
    assert [told(each) for each in await trail(machine, admin, subject_id=user["id"])] == [
        ("access.changed", f"user {admin.id}", user["id"], {"is_active": True}, HOME),
        ("access.changed", f"user {admin.id}", user["id"], {"is_active": False}, HOME),
        (
            "role.changed",
            f"user {admin.id}",
            user["id"],
            {"from": "customer", "to": "staff"},
            HOME,
        ),
    ]


@pytest.mark.any_database
async def test_a_changed_price_is_recorded_and_other_fields_are_not(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    product = await create_product(machine, price="4.99")
    for change in ({"price": "5.49", "name": "Green tea"}, {"name": "Tea"}, {"price": "5.49"}):
        assert (await machine.patch(f"/products/{product['id']}", json=change)).status_code == 200
    (event,) = await trail(machine, admin, subject_id=product["id"])
    assert told(event) == (
        "price.changed",
        NAME,
        product["id"],
        {"from": "4.99", "to": "5.49"},
        HOME,
    )


@pytest.mark.any_database
async def test_keys_are_recorded_without_their_secrets(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    body = {"name": "warehouse", "scopes": ["products:write", "products:read"]}
    key = (await machine.post("/api-keys", json=body, headers=admin.headers)).json()
    await machine.delete(f"/api-keys/{key['id']}", headers=admin.headers)
    assert [told(each) for each in await trail(machine, admin, subject_id=key["id"])] == [
        ("api-key.revoked", f"user {admin.id}", key["id"], {}, HOME),
        (
            "api-key.created",
            f"user {admin.id}",
            key["id"],
            {"scopes": ["products:read", "products:write"]},
            HOME,
        ),
    ]


@pytest.mark.any_database
async def test_the_actor_of_an_export_and_an_erasure_is_recorded(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin, user = await someone_of(machine, still, UserRole.ADMIN), await create_user(machine)
    exported = await machine.get(f"/users/{user['id']}/export", headers=admin.headers)
    assert exported.status_code == 200
    assert (await machine.delete(f"/users/{user['id']}")).status_code == 204
    erased, export = await trail(machine, admin, subject_id=user["id"])
    assert told(erased) == ("user.erased", NAME, user["id"], {}, HOME)
    # The network addresses of all events of the user are removed.
    assert told(export) == ("user.exported", f"user {admin.id}", user["id"], {}, None)


@pytest.mark.any_database
async def test_a_refused_export_is_not_recorded(machine: httpx.AsyncClient, still: Shop) -> None:
    admin, person = await someone_of(machine, still, UserRole.ADMIN), await someone(machine)
    for user_id in (admin.id, NOTHING):
        response = await machine.get(f"/users/{user_id}/export", headers=person.headers)
        assert response.status_code == 404
    assert await trail(machine, admin, event="user.exported") == []


@pytest.mark.any_database
async def test_the_shop_is_the_actor_that_creates_the_first_administrator(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    await ensure_admin(still)
    admin = await someone_of(machine, still, UserRole.ADMIN)
    event = (await trail(machine, admin))[-1]
    assert told(event) == ("role.changed", SHOP, event["subject_id"], {"to": "admin"}, None)


async def test_events_are_found_by_kind_and_subject_page_by_page(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin, user = await someone_of(machine, still, UserRole.ADMIN), await create_user(machine)
    for number in range(7):
        await log_in(machine, user["email"], "wrong horse" if number % 2 else "wrong pony")
    await log_in(machine, user["email"])
    ours = await trail(machine, admin, subject_id=user["id"])
    assert [each["event"] for each in ours] == ["login.succeeded"] + ["login.failed"] * 7
    failed = await trail(machine, admin, subject_id=user["id"], event="login.failed")
    assert failed == ours[1:]
    assert await trail(machine, admin, event="login.failed") == ours[1:]
    assert await trail(machine, admin, subject_id=NOTHING) == []
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"subject_id": user["id"], "limit": 3}
    while True:
        still.identities.clear()
        with statements_of(still) as statements:
            page = (await machine.get("/audit", params=query, headers=admin.headers)).json()
        # One for the caller, one for the page.
        assert len(statements) == 2
        seen += page["items"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == ours


@pytest.mark.any_database
async def test_an_unknown_kind_of_event_is_refused(machine: httpx.AsyncClient, still: Shop) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    query = {"event": "coffee.spilled", "subject_id": "x", "limit": "0"}
    response = await machine.get("/audit", params=query, headers=admin.headers)
    assert list(places_of(response.json())) == ["limit", "event", "subject_id"]

"""Refused callers are logged, and cannot forge log lines."""

import logging
from pathlib import Path

import httpx
import pytest

from app.controllers.catalogue import CONTROLLERS as CATALOGUE
from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.factories import PASSWORD
from tests.test_security.people import bearing, log_in
from tests.test_web.middleware.edge import shop_with


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log lines of refusals."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.name == "app.web.middleware.edge" and each.levelno == logging.WARNING
    ]


async def test_a_refused_caller_is_logged(
    nobody: httpx.AsyncClient, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    customer = await log_in(shop, UserRole.CUSTOMER)
    await nobody.get("/audit")
    await nobody.get("/audit", headers={"Authorization": "Bearer forged"})
    await nobody.get("/audit", headers=bearing(customer.access_token))
    await nobody.get("/products?q=tea")
    where = "'/api/v1/audit' from 127.0.0.1"
    assert refusals(caplog) == [f"refused with {status}: {where}" for status in (401, 401, 403)]


async def test_a_rate_limited_caller_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with shop_with(tmp_path, controllers=CATALOGUE, rate_limit_per_minute=1) as (_, client):
        await client.get("/api/v1/products")
        await client.get("/api/v1/products")
    assert refusals(caplog) == ["refused with 429: '/api/v1/products' from 192.0.2.1"]


async def test_a_line_break_in_a_path_adds_no_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with shop_with(tmp_path, controllers=CATALOGUE, rate_limit_per_minute=1) as (_, client):
        for _ in range(2):
            await client.get("/a%0aERROR%20forged")
    (line,) = refusals(caplog)
    assert line == r"refused with 429: '/a\nERROR forged' from 192.0.2.1"


async def test_a_renewed_log_in_is_logged(
    nobody: httpx.AsyncClient, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    customer = await log_in(shop, UserRole.CUSTOMER)
    with caplog.at_level(logging.INFO, "app.services.identity.auth_service"):
        answer = await nobody.post("/auth/refresh", json={"refresh_token": customer.refresh_token})
    assert answer.status_code == 200
    (record,) = [
        each for each in caplog.records if each.name == "app.services.identity.auth_service"
    ]
    assert record.getMessage().endswith(f"of user {customer.id} was renewed")


async def test_the_use_of_an_api_key_is_logged_once_a_minute(
    nobody: httpx.AsyncClient, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    admin, body = await log_in(shop, UserRole.ADMIN), {"name": "desk", "scopes": ["orders:read"]}
    created = await nobody.post("/api-keys", json=body, headers=bearing(admin.access_token))
    machine = created.json()
    with caplog.at_level(logging.INFO, "app.web.callers"):
        for _ in range(3):
            answer = await nobody.get("/orders", headers=bearing(machine["key"]))
            assert answer.status_code == 200
            shop.identities.clear()
    lines = [each.getMessage() for each in caplog.records if each.name == "app.web.callers"]
    assert lines == [f"api-key {machine['id']} was used from 127.0.0.1"]


async def test_a_refused_reset_and_a_refused_renewal_are_logged(
    nobody: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    reset = {"token": "a.b.c", "new_password": PASSWORD}
    assert (await nobody.post("/auth/password/reset", json=reset)).status_code == 401
    assert (await nobody.post("/auth/email/verify", json={"token": "a.b.c"})).status_code == 401
    assert (await nobody.post("/auth/refresh", json={"refresh_token": "a.b.c"})).status_code == 401
    paths = ("password/reset", "email/verify", "refresh")
    assert refusals(caplog) == [
        f"refused with 401: '/api/v1/auth/{path}' from 127.0.0.1" for path in paths
    ]


async def test_an_ipv6_address_shares_the_limit_of_its_network(
    tmp_path: Path,
) -> None:
    async with shop_with(
        tmp_path, controllers=CATALOGUE, rate_limit_per_minute=2, trusted_proxies=("192.0.2.1",)
    ) as (
        _,
        client,
    ):
        found = [
            (await client.get("/api/v1/products", headers={"X-Forwarded-For": address})).status_code
            for address in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8:0:1::1")
        ]
    assert found == [200, 200, 429, 200]

"""Security headers, cache headers and rate limits of all responses."""

from pathlib import Path

import pytest

from app.controllers.catalogue import CONTROLLERS as CATALOGUE
from app.models import UserRole
from tests.support.factories import PASSWORD
from tests.support.refusals import problem_of
from tests.test_security.people import bearing, log_in
from tests.test_web.middleware.edge import ORIGIN, PAGES_POLICY, assert_guarded, replies, shop_with

LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


async def test_every_kind_of_response_has_the_security_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path, controllers=()) as (shop, client):
        found = await replies(shop, client, monkeypatch)
    statuses = [200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 503]
    assert sorted(found) == statuses
    for response in found.values():
        assert_guarded(response)
        assert "Strict-Transport-Security" not in response.headers
        assert "Access-Control-Allow-Origin" not in response.headers
    for status in (200, 201, 304):
        assert found[status].headers["ETag"]


async def test_the_page_of_the_documentation_has_its_own_policy(tmp_path: Path) -> None:
    async with shop_with(tmp_path) as (_, client):
        for path in ("/docs", "/docs/openapi.json", "/docs/assets/docs.js"):
            response = await client.get(path)
            assert response.status_code == 200
            policy = response.headers["Content-Security-Policy"]
            assert_guarded(response, policy)
            assert "script-src 'self';" in policy and "default-src 'none'" in policy
            assert "unsafe-eval" not in policy and "script-src 'unsafe" not in policy
            assert response.headers["Cache-Control"] == "no-cache"
        for path in ("/docs/nothing", "/docs/assets/nothing"):
            response = await client.get(path)
            assert response.status_code == 404
            problem_of(response)
            assert response.headers["Cache-Control"] == "no-store"
        for path in ("/health/live", "/health/ready"):
            assert_guarded(await client.get(path))
        # An unknown path is a page that does not exist.
        for path in ("/docsy", "/nothing"):
            assert_guarded(await client.get(path), PAGES_POLICY, "same-origin")


async def test_secret_responses_are_not_stored(tmp_path: Path) -> None:
    async with shop_with(tmp_path, controllers=()) as (shop, client):
        admin = await log_in(shop, UserRole.ADMIN)
        headers = bearing(admin.access_token)
        form = {"username": admin.email, "password": PASSWORD}
        key = {"name": "checkout", "scopes": ["orders:read"]}
        answers = [
            await client.post("/api/v1/auth/token", data=form),
            await client.post("/api/v1/auth/refresh", json={"refresh_token": admin.refresh_token}),
            await client.post("/api/v1/api-keys", json=key, headers=headers),
        ]
        for answer in answers:
            assert answer.is_success, answer.text
            assert answer.headers["Cache-Control"] == "no-store"
            assert "ETag" not in answer.headers
        for path in ("/users/me", f"/users/{admin.id}/export", "/api-keys", "/audit"):
            answer = await client.get(f"/api/v1{path}", headers=headers)
            assert answer.headers["Cache-Control"] == "private, no-cache"


async def test_hsts_is_sent_only_in_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path, environment="production") as (
        shop,
        client,
    ):
        found = await replies(shop, client, monkeypatch)
        found[0] = await client.get("/docs")
    for response in found.values():
        assert response.headers.get_list("Strict-Transport-Security") == [
            "max-age=31536000; includeSubDomains"
        ]


async def test_every_response_of_the_api_has_the_remaining_number_of_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path, rate_limit_per_minute=1_000) as (
        shop,
        client,
    ):
        found = await replies(shop, client, monkeypatch)
        for response in found.values():
            # Log-ins and mails have their own limit.
            limit = "1000000" if response.status_code == 202 else "1000"
            assert response.headers.get_list("RateLimit-Limit") == [limit]
            assert int(response.headers["RateLimit-Remaining"]) < int(limit)
            assert 1 <= int(response.headers["RateLimit-Reset"]) <= 61
        for path in ("/docs", "/health/live"):
            response = await client.get(path)
            assert not any(name in response.headers for name in LIMITS)


async def test_a_request_over_the_limit_is_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    async with shop_with(tmp_path, rate_limit_per_minute=3, cors_origins=ORIGIN) as (_, client):
        origin = {"Origin": ORIGIN}
        left = []
        for path in ("/api/v1/products", "/api/v1/orders", "/api/v1/nothing"):
            answer = await client.get(path)
            left.append((answer.status_code, answer.headers["RateLimit-Remaining"]))
        assert left == [(200, "2"), (401, "1"), (404, "0")]
        for method, path in (
            ("GET", "/api/v1/products"),
            ("POST", "/api/v1/auth/token"),
            ("GET", "/docs"),
        ):
            refused = await client.request(method, path, headers=origin)
            problem = problem_of(refused)
            assert (problem["status"], problem["type"]) == (429, "urn:problem:too-many-requests")
            assert 1 <= int(refused.headers["Retry-After"]) <= 61
            assert problem["retry_after_seconds"] == int(refused.headers["Retry-After"])
            assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert_guarded(refused, refused.headers["Content-Security-Policy"])
        assert refused.status_code == 429
        for path in ("/health/live", "/health/ready"):
            for _ in range(5):
                assert (await client.get(path)).status_code == 200


async def test_each_address_has_its_own_limit(tmp_path: Path) -> None:
    async with shop_with(
        tmp_path,
        ("10.0.0.1", 1),
        CATALOGUE,
        rate_limit_per_minute=1,
        trusted_proxies="10.0.0.0/8",
    ) as (_, client):
        statuses = [
            (await client.get("/api/v1/products", headers={"X-Forwarded-For": each})).status_code
            for each in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "127.0.0.1, 192.0.2.2")
        ]
    assert statuses == [200, 200, 429, 429]

"""What holds of every reply: its headers, whom it is for, and how often there is one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.dependencies import Shop
from app.errors import Unavailable
from app.models import AuditEvent, UserRole
from app.services.product_service import ProductService
from main import create_app
from tests.conftest import running, sqlite_settings
from tests.factories import PASSWORD
from tests.machines import AUTHORIZATION
from tests.refusals import NOTHING, problem_of
from tests.test_security.people import bearing, log_in

PRODUCT = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "4.99"}
ORIGIN = "https://shop.example.com"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
API_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
PROBLEMS = {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}


@asynccontextmanager
async def shop_with(
    folder: Path, client: tuple[str, int] | None = ("192.0.2.1", 4242), **settings: Any
) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """Run a shop of its own with settings, and give a client that calls from an address."""
    application = create_app(Shop(sqlite_settings(folder, **settings)))
    async with running(application):
        transport = httpx.ASGITransport(application, client=client)  # type: ignore[arg-type]
        url = "http://shop.test"
        async with httpx.AsyncClient(transport=transport, base_url=url) as its:
            yield application.state.shop, its


def assert_guarded(response: httpx.Response, policy: str = API_POLICY) -> None:
    """See that a reply has what every reply has, once."""
    for name, value in ALWAYS.items():
        assert response.headers.get_list(name) == [value], (response.status_code, name)
    assert response.headers.get_list("Content-Security-Policy") == [policy]
    assert len(response.headers.get_list("Cache-Control")) == 1
    if response.status_code in PROBLEMS:
        problem_of(response)
        assert response.headers["Cache-Control"] == "no-store"
    assert "Server" not in response.headers and "X-Powered-By" not in response.headers


async def replies(
    shop: Shop, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, **headers: str
) -> dict[int, httpx.Response]:
    """Get a reply of each status."""
    machine = AUTHORIZATION | headers
    customer = bearing((await log_in(shop)).access_token) | headers
    path = "/api/v1/products"
    created = await client.post(path, json=PRODUCT, headers=machine)
    its = created.headers["Location"]
    seen = await client.get(its, headers=headers)
    key = {"Idempotency-Key": "key"}
    order = {"user_id": NOTHING, "items": [{"product_id": NOTHING, "quantity": 1}]}
    found = [
        created,
        seen,
        await client.get(its, headers=headers | {"If-None-Match": seen.headers["ETag"]}),
        await client.post(path, json={}, headers=machine),
        await client.get("/api/v1/orders", headers=headers),
        await client.get("/api/v1/audit", headers=customer),
        await client.get("/api/v1/nothing", headers=headers),
        await client.put(path, headers=headers),
        await client.post(path, json=PRODUCT, headers=machine),
        await client.patch(its, json={"price": "1"}, headers=machine | {"If-Match": '"another"'}),
        await client.post(path, content=b" " * 300_000, headers=machine),
        await client.post(path, content="{}", headers=machine | {"Content-Type": "text/plain"}),
        await client.post("/api/v1/orders", json=order, headers=machine | key),
        await client.post(path, json=PRODUCT | {"sku": "A"}, headers=machine | key),
        await client.post(path, json=PRODUCT | {"sku": "B"}, headers=machine | key),
        await client.post("/api/v1/auth/password/forgot", json={"email": "a@b.cd"}),
        await client.delete(its, headers=machine),
    ]
    found += await faults(client, its, headers, monkeypatch)
    return {response.status_code: response for response in found}


async def faults(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> list[httpx.Response]:
    """Get a reply to a fault of the shop's own, and one to an outage."""
    found = []
    for error in (RuntimeError("planted"), Unavailable("planted", retry_after_seconds=1)):

        async def get(*_: Any, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(ProductService, "get", get)
            found.append(await client.get(path, headers=headers))
    return found


async def test_every_kind_of_reply_has_the_security_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path) as (shop, client):
        found = await replies(shop, client, monkeypatch)
    statuses = [200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 503]
    assert sorted(found) == statuses
    for response in found.values():
        assert_guarded(response)
        assert "Strict-Transport-Security" not in response.headers
        assert "Access-Control-Allow-Origin" not in response.headers
    for status in (200, 201, 304):
        assert found[status].headers["ETag"]


async def test_the_page_of_the_documentation_has_a_policy_of_its_own(tmp_path: Path) -> None:
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
        for path in ("/health/live", "/health/ready", "/docsy", "/"):
            assert_guarded(await client.get(path))


async def test_what_is_secret_is_kept_nowhere(tmp_path: Path) -> None:
    async with shop_with(tmp_path) as (shop, client):
        admin = await log_in(shop, UserRole.ADMIN)
        headers = bearing(admin.access_token)
        form = {"username": admin.email, "password": PASSWORD}
        key = {"name": "till", "scopes": ["orders:read"]}
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


async def test_only_in_production_browsers_are_told_to_come_by_tls_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path, environment="production") as (shop, client):
        found = await replies(shop, client, monkeypatch)
        found[0] = await client.get("/docs")
    for response in found.values():
        assert response.headers.get_list("Strict-Transport-Security") == [
            "max-age=31536000; includeSubDomains"
        ]


PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization, content-type",
}


def cors_of(response: httpx.Response) -> dict[str, str]:
    """Return what a reply tells a browser of other origins."""
    return {
        name: value
        for name, value in response.headers.items()
        if name.startswith("access-control-")
    }


async def test_no_other_origin_is_let_in_unless_the_settings_name_it(tmp_path: Path) -> None:
    async with shop_with(tmp_path) as (_, client):
        for path in ("/api/v1/products", "/api/v1/orders", "/health/live", "/docs"):
            response = await client.get(path, headers={"Origin": ORIGIN})
            assert cors_of(response) == {}
            preflight = await client.options(path, headers=PREFLIGHT)
            assert cors_of(preflight) == {}
            assert "Origin" not in response.headers.get_list("Vary", split_commas=True)


async def test_the_origins_of_the_settings_are_let_in_on_errors_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path, cors_origins=f"https://a.example, {ORIGIN}") as (shop, client):
        found = await replies(shop, client, monkeypatch, Origin=ORIGIN)
        # The one request that names no origin.
        del found[202]
        for response in found.values():
            assert "Origin" in response.headers.get_list("Vary", split_commas=True)
            cors = cors_of(response)
            assert cors.pop("access-control-allow-origin") == ORIGIN
            exposed = cors.pop("access-control-expose-headers")
            assert {"ETag", "Location", "Retry-After"} <= set(exposed.split(", "))
            # Tokens go into a header: a browser has no cookie to send along.
            assert cors == {}


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "*",
        "http://shop.example.com",
        "https://shop.example.com.evil.example",
        "https://evil-shop.example.com",
        "https://shop.example.com:444",
        "https://shop.example.com/",
        "HTTPS://SHOP.EXAMPLE.COM",
        f"{ORIGIN}, https://evil.example",
    ],
)
async def test_an_origin_that_is_not_quite_one_of_them_is_not_let_in(
    tmp_path: Path, origin: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    async with shop_with(tmp_path, cors_origins=ORIGIN) as (_, client):
        response = await client.get("/api/v1/products", headers=headers)
        preflight = await client.options("/api/v1/products", headers=PREFLIGHT | {"Origin": "x"})
    assert response.status_code == 200
    assert cors_of(response) == cors_of(preflight) == {}
    assert response.headers["Vary"] == "Accept-Encoding, Origin"
    assert preflight.headers["Vary"] == "Origin"


async def test_a_preflight_is_answered_without_a_token(tmp_path: Path) -> None:
    async with shop_with(tmp_path, cors_origins=ORIGIN) as (_, client):
        for path in ("/api/v1/orders", "/api/v1/users/me"):
            answer = await client.options(path, headers=PREFLIGHT)
            assert (answer.status_code, answer.content) == (204, b"")
            cors = cors_of(answer)
            assert cors["access-control-allow-origin"] == ORIGIN
            assert {"PATCH", "DELETE"} <= set(cors["access-control-allow-methods"].split(", "))
            allowed = cors["access-control-allow-headers"].split(", ")
            assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(allowed)
            assert cors["access-control-max-age"] == "600"
            assert "access-control-allow-credentials" not in cors
            assert_guarded(answer)


HOSTS = "shop.example.com, Other.Example, *.wild.example, [::1], 192.0.2.9"
GOOD_HOSTS = (
    "shop.example.com",
    "shop.example.com:8000",
    "SHOP.example.COM",
    "shop.example.com.",
    "shop.example.com.:443",
    "other.example",
    "a.wild.example",
    "a.b.wild.example:8000",
    "[::1]",
    "[::1]:8000",
    "192.0.2.9:80",
)
BAD_HOSTS = (
    "",
    "evil.example",
    "shop.example.com.evil.example",
    "evil-shop.example.com",
    "a.shop.example.com",
    "wild.example",
    ".wild.example",
    "evilwild.example",
    "shop.example.com@evil.example",
    "evil.example#shop.example.com",
    "evil.example/shop.example.com",
    "shop.example.com, evil.example",
    "shop.example.com:8000:8000",
    "[::2]",
    "::1",
    "192.0.2.90",
    "localhost",
)


async def test_the_shop_answers_to_its_names_only(tmp_path: Path) -> None:
    async with shop_with(tmp_path, allowed_hosts=HOSTS) as (_, client):
        for host in GOOD_HOSTS:
            for path in ("/api/v1/products", "/docs"):
                assert (await client.get(path, headers={"Host": host})).status_code == 200, host
        for host in BAD_HOSTS:
            for path in ("/api/v1/products", "/api/v1/nothing", "/docs", "/docs/assets/docs.js"):
                response = await client.get(path, headers={"Host": host})
                assert response.status_code == 400, host
                problem = problem_of(response)
                assert problem["errors"] == [
                    {"header": "Host", "detail": "is not one of ALLOWED_HOSTS"}
                ]
                # Nothing of what was sent is sent back.
                assert host == "" or host not in problem["detail"]
        # Who asks for the health knows the address only.
        for host in ("", "evil.example", "localhost", "192.0.2.90:8000", "[::2]:8000"):
            for path in ("/health/live", "/health/ready"):
                assert (await client.get(path, headers={"Host": host})).status_code == 200


async def test_a_forwarded_host_is_not_believed(tmp_path: Path) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "shop.example.com"}
    async with shop_with(tmp_path, allowed_hosts=HOSTS, trusted_proxies="0.0.0.0/0") as (_, client):
        assert (await client.get("/api/v1/products", headers=headers)).status_code == 400


PROXIES = "10.0.0.0/8, 2001:db8::/32, 198.51.100.7"
# By whom a request comes, with which X-Forwarded-For, and from whom it is then.
HOPS: dict[str, tuple[str, list[str], str]] = {
    "nobody's word": ("203.0.113.5", [], "203.0.113.5"),
    "a stranger's word": ("203.0.113.5", ["192.0.2.66"], "203.0.113.5"),
    "a stranger's word of a proxy": ("203.0.113.5", ["192.0.2.66, 10.0.0.1"], "203.0.113.5"),
    "a proxy without a word": ("10.0.0.1", [], "10.0.0.1"),
    "one proxy": ("10.0.0.1", ["192.0.2.66"], "192.0.2.66"),
    "one proxy by its own address": ("198.51.100.7", ["192.0.2.66"], "192.0.2.66"),
    "its neighbour": ("198.51.100.8", ["192.0.2.66"], "198.51.100.8"),
    "three proxies": ("10.0.0.1", ["192.0.2.66, 10.0.0.3, 10.0.0.2"], "192.0.2.66"),
    "a spoofed left part": ("10.0.0.1", ["127.0.0.1, 192.0.2.66"], "192.0.2.66"),
    "a spoofed proxy": ("10.0.0.1", ["127.0.0.1, 10.9.9.9, 192.0.2.66, 10.0.0.2"], "192.0.2.66"),
    "proxies only": ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    "two headers": ("10.0.0.1", ["127.0.0.1", "192.0.2.66"], "192.0.2.66"),
    "two headers of one proxy each": (
        "10.0.0.1",
        ["127.0.0.1, 192.0.2.66", "10.0.0.2"],
        "192.0.2.66",
    ),
    "a proxy on a socket for IPv4 and IPv6": ("::ffff:10.0.0.1", ["192.0.2.66"], "192.0.2.66"),
    "IPv6": ("2001:db8::1", ["2001:4860::8"], "2001:4860::8"),
    "garbage on the left": ("10.0.0.1", ["<script>, 192.0.2.66"], "192.0.2.66"),
    "garbage": ("10.0.0.1", ["unknown"], "10.0.0.1"),
    "garbage before a proxy": ("10.0.0.1", ["192.0.2.66, unknown, 10.0.0.2"], "10.0.0.2"),
    "long garbage": ("10.0.0.1", ["x" * 4_000], "10.0.0.1"),
    "commas": ("10.0.0.1", [", ,, 192.0.2.66 ,"], "192.0.2.66"),
}


@pytest.mark.parametrize("hops", HOPS.values(), ids=HOPS)
async def test_the_word_of_a_proxy_is_believed_and_no_other(
    tmp_path: Path, hops: tuple[str, list[str], str]
) -> None:
    peer, forwarded, expected = hops
    headers = [("X-Forwarded-For", each) for each in forwarded]
    async with shop_with(tmp_path, (peer, 4242), trusted_proxies=PROXIES) as (shop, client):
        form = {"username": "nobody@example.com", "password": "not a password"}
        refused = await client.post("/api/v1/auth/token", data=form, headers=headers)
        assert refused.status_code == 401
        async with shop.database.read() as session:
            query = select(AuditEvent.address).where(AuditEvent.event == "login.failed")
            assert (await session.scalars(query)).all() == [expected]


async def test_without_trusted_proxies_nobody_is_believed(tmp_path: Path) -> None:
    async with shop_with(tmp_path, rate_limit_per_minute=2) as (_, client):
        answers = [
            await client.get("/api/v1/products", headers={"X-Forwarded-For": f"192.0.2.{number}"})
            for number in range(3)
        ]
    assert [each.status_code for each in answers] == [200, 200, 429]


async def test_every_reply_of_the_api_says_how_much_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path, rate_limit_per_minute=1_000) as (shop, client):
        found = await replies(shop, client, monkeypatch)
        for response in found.values():
            # Log-ins and mails have a limit of their own.
            limit = "1000000" if response.status_code == 202 else "1000"
            assert response.headers.get_list("RateLimit-Limit") == [limit]
            assert int(response.headers["RateLimit-Remaining"]) < int(limit)
            assert 1 <= int(response.headers["RateLimit-Reset"]) <= 61
        for path in ("/docs", "/health/live"):
            response = await client.get(path)
            assert not any(name in response.headers for name in LIMITS)


async def test_one_request_too_many_is_refused_with_the_time_to_wait(tmp_path: Path) -> None:
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


async def test_each_address_has_a_limit_of_its_own(tmp_path: Path) -> None:
    settings = {"rate_limit_per_minute": 1, "trusted_proxies": "10.0.0.0/8"}
    async with shop_with(tmp_path, ("10.0.0.1", 1), **settings) as (_, client):
        statuses = [
            (await client.get("/api/v1/products", headers={"X-Forwarded-For": each})).status_code
            for each in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "127.0.0.1, 192.0.2.2")
        ]
    assert statuses == [200, 200, 429, 429]

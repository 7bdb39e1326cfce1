"""CORS: the pages of other origins that a browser allows to call the shop."""

import re
from pathlib import Path

import httpx
import pytest

from app.observability.tracing import REQUEST_ID, TRACEPARENT
from app.web.middleware.cors import ANSWERED, READ
from app.web.respond_async import HEADER
from tests.support.processes import ROOT
from tests.test_web.docs.documents import document_of, operations_of
from tests.test_web.middleware.edge import ALWAYS, ORIGIN, assert_guarded, replies, shop_with

PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization, content-type",
}


def cors_of(response: httpx.Response) -> dict[str, str]:
    """Return the CORS headers of a response."""
    return {
        name: value
        for name, value in response.headers.items()
        if name.startswith("access-control-")
    }


async def test_an_origin_is_not_allowed_unless_the_settings_list_it(tmp_path: Path) -> None:
    async with shop_with(tmp_path) as (_, client):
        for path in ("/api/v1/products", "/api/v1/orders", "/health/live", "/docs"):
            response = await client.get(path, headers={"Origin": ORIGIN})
            assert cors_of(response) == {}
            preflight = await client.options(path, headers=PREFLIGHT)
            assert cors_of(preflight) == {}
            assert "Origin" not in response.headers.get_list("Vary", split_commas=True)


async def test_the_origins_of_the_settings_are_allowed_on_errors_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path, cors_origins=f"https://a.example, {ORIGIN}") as (shop, client):
        found = await replies(shop, client, monkeypatch, Origin=ORIGIN)
        # The only request without an origin.
        del found[202]
        for response in found.values():
            assert "Origin" in response.headers.get_list("Vary", split_commas=True)
            cors = cors_of(response)
            assert cors.pop("access-control-allow-origin") == ORIGIN
            exposed = cors.pop("access-control-expose-headers")
            assert {"ETag", "Location", "Retry-After"} <= set(exposed.split(", "))
            # Tokens are sent in a header: the browser has no cookie to send.
            assert cors == {}


OTHERS = (
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
)


async def test_an_origin_that_resembles_an_allowed_one_is_not_allowed(tmp_path: Path) -> None:
    async with shop_with(tmp_path, cors_origins=ORIGIN) as (_, client):
        for origin in OTHERS:
            headers = {} if origin is None else {"Origin": origin}
            response = await client.get("/api/v1/products", headers=headers)
            assert response.status_code == 200
            assert cors_of(response) == {}, origin
            assert response.headers["Vary"] == "Accept-Encoding, Origin"
        preflight = await client.options("/api/v1/products", headers=PREFLIGHT | {"Origin": "x"})
    assert cors_of(preflight) == {}
    assert preflight.headers["Vary"] == "Origin"


async def test_a_preflight_needs_no_token(tmp_path: Path) -> None:
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


# Browsers show them to pages of other origins anyway (Fetch standard, section 2.2.2).
SAFE = {"cache-control", "content-language", "content-length", "content-type", "expires"}
# For browsers, caches and connections, not for the code of a page.
NOT_FOR_PAGES = {name.lower() for name in ALWAYS} | {
    "access-control-allow-origin",
    "access-control-expose-headers",
    "content-security-policy",
    "vary",
}


async def test_pages_may_send_and_read_every_header_of_the_document(
    client: httpx.AsyncClient,
) -> None:
    operations = operations_of(await document_of(client))
    sent, answered = set[str](), set[str]()
    for operation in operations.values():
        parameters = operation.get("parameters", [])
        sent |= {each["name"] for each in parameters if each["in"] == "header"}
        for response in operation["responses"].values():
            answered |= set(response.get("headers", {}))
    assert {"If-Match", "Prefer", "Last-Event-ID"} <= sent <= set(READ)
    assert {"ETag", "Location", "Preference-Applied"} <= answered <= set(ANSWERED)


def test_pages_may_send_every_header_that_the_code_reads() -> None:
    files = [*(ROOT / "app/web").rglob("*.py"), ROOT / "app/observability/tracing.py"]
    code = "".join(each.read_text("utf-8") for each in files)
    read = set(re.findall(r'(?:headers\.get\(|_text\(headers, )b?"([a-z-]+)"', code))
    # The browser sends the host and the origin itself; a proxy forwards.
    known = {name.lower() for name in READ} | {"host", "origin", "accept-encoding"}
    assert {"if-none-match", "last-event-id", "x-request-id"} <= read <= known
    assert {TRACEPARENT, REQUEST_ID, HEADER.lower()} <= known


async def test_pages_may_read_every_header_of_responses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop_with(tmp_path, cors_origins=ORIGIN, rate_limit_per_minute=1000) as (shop, its):
        found = (await replies(shop, its, monkeypatch, Origin=ORIGIN)).values()
    names = {name.lower() for response in found for name in response.headers}
    assert names - SAFE - NOT_FOR_PAGES <= {name.lower() for name in ANSWERED}


async def test_a_preflight_allows_every_request_header(tmp_path: Path) -> None:
    async with shop_with(tmp_path, cors_origins=f"{ORIGIN}/") as (
        _,
        client,
    ):
        for header in (*READ, "TRACEPARENT", "last-event-id"):
            asked = PREFLIGHT | {"Access-Control-Request-Headers": header.lower()}
            answer = await client.options("/api/v1/orders", headers=asked)
            allowed = cors_of(answer)["access-control-allow-headers"].lower().split(", ")
            assert header.lower() in allowed

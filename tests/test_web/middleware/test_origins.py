"""Which pages of other origins a browser lets call the shop."""

from pathlib import Path

import httpx
import pytest

from tests.test_web.middleware.edge import ORIGIN, assert_guarded, replies, shop_with

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

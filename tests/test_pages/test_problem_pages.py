"""A refusal is a page for a person, and a problem document for a program."""

import httpx
import pytest

from app.models import UserRole
from app.wiring.resources import Shop
from tests.test_pages.browser import Browser, log_in_as

pytestmark = pytest.mark.any_database


async def test_a_missing_page_has_a_page_with_the_reason(browser: Browser) -> None:
    answer = await browser.http.get("/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "The address may be wrong" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_programs_get_the_problem_document(browser: Browser) -> None:
    for path in ("/nothing", "/api/v1/nothing"):
        answer = await browser.http.get(path, headers={"Accept": "*/*"})
        assert answer.headers["content-type"] == "application/problem+json", path
    answer = await browser.http.get("/api/v1/nothing")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_refusal_before_the_router_has_a_page(browser: Browser) -> None:
    answer = await browser.http.get("/orders//twice")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_a_wrong_method_has_a_page_with_the_reason(browser: Browser) -> None:
    answer = await browser.http.delete("/log-in")
    assert answer.status_code == 405 and "POST" in answer.headers["allow"]
    assert "Method Not Allowed" in answer.text


async def test_a_wrong_parameter_is_named_with_the_reason(browser: Browser) -> None:
    answer = await browser.go("/s?min_price=cheap")
    assert answer.status_code == 400
    assert "The query is not valid. min_price must be" in browser.text


async def test_a_forbidden_page_does_not_link_to_pages_of_staff(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    await log_in_as(browser, client, shop, UserRole.CUSTOMER)
    answer = await browser.go("/console")
    assert answer.status_code == 403
    assert "This page is for staff, and your role is customer" in browser.text
    assert "/console/orders" not in answer.text and "/account" in answer.text


async def test_quoted_text_in_a_refusal_is_escaped(browser: Browser) -> None:
    answer = await browser.http.get("/s?limit=<script>alert(1)</script>")
    assert "<script>alert" not in answer.text


async def test_a_page_has_a_policy_that_allows_no_inline_code(browser: Browser) -> None:
    answer = await browser.go("/log-in")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "style=" not in answer.text and "onclick" not in answer.text


async def test_assets_are_cached_forever_only_at_their_versioned_url(browser: Browser) -> None:
    page = await browser.go("/log-in")
    addresses = {
        each for each in page.text.replace("'", '"').split('"') if each.startswith("/assets/")
    }
    assert len(addresses) == 5
    for address in addresses:
        answer = await browser.http.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        name = address.rpartition("/")[2]
        old = await browser.http.get(f"/assets/other/{name}")
        assert (old.headers["cache-control"], old.content) == ("no-store", answer.content)
    assert (await browser.http.get("/assets/x/none.css")).status_code == 404
    assert (await browser.http.get("/assets/x/..%2Fassets.py")).status_code == 404


async def test_programs_get_the_links_of_the_shop_at_the_root(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("http://shop.test/", headers={"Accept": "application/json"})
    assert answer.json()["documentation"] == "/docs"

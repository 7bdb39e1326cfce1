"""The access to pages, log-ins by cookies, and the protection of forms."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from app.models import UserRole
from app.security.principal import Access
from app.web.middleware.page_paths import is_page
from app.web.route_options import options_of
from app.wiring.resources import Shop
from tests.support.accounts import later, set_user
from tests.support.factories import create_user
from tests.test_pages.browser import Browser

_SOME_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
# A value for a path parameter of each type.
_VALUES = {"uuid": _SOME_ID, "str": "none", "path": "none", "int": "1", "date": "2026-01-31"}


def page_routes(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """Return the handlers of pages by method and path."""
    return {
        (method, route.path): handler
        for route in app.routes
        if is_page(route.path)
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def filled(path: str) -> str:
    """Return a path with ids that do not exist."""
    return re.sub(r"\{\w+:(\w+)\}", lambda found: _VALUES[found[1]], path)


@pytest.mark.any_database
async def test_every_page_is_open_only_to_its_declared_callers(
    app: Litestar, shop: Shop, client: httpx.AsyncClient
) -> None:
    customer = await create_user(client, email="c@example.com", username="buyer")
    staff = await create_user(client, email="s@example.com", username="packer")
    await set_user(shop, staff["id"], role=UserRole.STAFF)
    nobody, buyer, packer = Browser(app), Browser(app, "198.18.0.1"), Browser(app, "198.18.0.2")
    assert (await buyer.log_in(customer["email"])).status_code == 303
    assert (await packer.log_in(staff["email"])).status_code == 303
    routes = page_routes(app)
    assert len(routes) > 4
    for place, handler in routes.items():
        access = options_of(handler).access
        await _require(nobody, place, access is Access.PUBLIC)
        await _require(buyer, place, access <= Access.CUSTOMER)
        await _require(packer, place, access <= Access.STAFF)


async def _require(browser: Browser, place: tuple[str, str], may: bool) -> None:
    """Assert that a browser may use a route, or that it is refused."""
    method, path = place
    if may and path in ("/log-out", "/account/erasure"):
        # These routes end the log-in of the test.
        return
    answer = await _asked(browser, method, filled(path))
    refused = answer.status_code == 403 or _is_to_log_in(answer)
    assert refused is not may, (place, answer.status_code)


async def _asked(browser: Browser, method: str, path: str) -> httpx.Response:
    if method == "GET":
        return await browser.http.get(path)
    await browser.go("/log-in")
    token = browser.form().fields["_token"]
    return await browser.http.post(path, data={"_token": token}, headers={"Form-Token": token})


def _is_to_log_in(answer: httpx.Response) -> bool:
    return answer.is_redirect and urlsplit(answer.headers["location"]).path == "/log-in"


async def test_a_log_in_stays_valid_while_it_is_used(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    sent = await browser.log_in(user["email"])
    cookie = sent.headers["set-cookie"]
    assert cookie.startswith("lavka=") and "HttpOnly" in cookie and "SameSite=lax" in cookie
    await set_user(shop, user["id"], role=UserRole.STAFF)
    for number in (1, 2, 3):
        with later(shop, timedelta(hours=11 * number)):
            shop.identities.clear()
            assert (await browser.http.get("/console")).status_code == 200
    with later(shop, timedelta(hours=33 + 13)):
        shop.identities.clear()
        assert _is_to_log_in(await browser.http.get("/console"))


async def test_a_log_in_ends_after_thirty_days_even_if_it_is_used(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    await set_user(shop, user["id"], role=UserRole.STAFF)
    await browser.log_in(user["email"])
    for number in range(1, 66):
        with later(shop, timedelta(hours=11 * number)):
            shop.identities.clear()
            assert (await browser.http.get("/console")).status_code == 200
    with later(shop, timedelta(days=30)):
        shop.identities.clear()
        assert _is_to_log_in(await browser.http.get("/console"))


@pytest.mark.any_database
async def test_a_log_in_that_is_ended_through_the_api_ends_on_pages(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    await set_user(shop, user["id"], role=UserRole.STAFF)
    await browser.log_in(user["email"])
    pair = (
        await client.post("/auth/token", data={"username": user["email"], "password": _PASSWORD})
    ).json()
    own = {"Authorization": f"Bearer {pair['access_token']}"}
    shown = (await client.get("/auth/sessions", headers=own)).json()["items"]
    assert len(shown) == 2
    assert (await client.delete("/auth/sessions", headers=own)).status_code == 204
    assert _is_to_log_in(await browser.http.get("/console"))


_PASSWORD = "correct horse battery staple"


@pytest.mark.any_database
async def test_a_cookie_is_not_accepted_as_a_token_nor_a_token_as_a_cookie(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    await set_user(shop, user["id"], role=UserRole.ADMIN)
    await browser.log_in(user["email"])
    cookie = browser.http.cookies["lavka"]
    pair = (
        await client.post("/auth/token", data={"username": user["email"], "password": _PASSWORD})
    ).json()
    for token in (cookie, cookie.partition(".")[2]):
        answer = await client.get("/users/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        renewed = await client.post("/auth/refresh", json={"refresh_token": token})
        assert renewed.status_code == 401
    # The API does not read cookies.
    assert (await browser.http.get("/api/v1/users/me")).status_code == 401
    for token in pair["access_token"], pair["refresh_token"], "x", "", ".", cookie + "x":
        browser.http.cookies.set("lavka", token, domain="shop.test")
        assert _is_to_log_in(await browser.http.get("/console")), token


@pytest.mark.any_database
async def test_only_a_page_of_the_shop_can_send_its_forms(
    app: Litestar, browser: Browser, client: httpx.AsyncClient
) -> None:
    user = await create_user(client)
    await browser.log_in(user["email"])
    await browser.go("/log-in")
    token = browser.form().fields["_token"]
    guest = Browser(app)
    await guest.go("/log-in")
    http = browser.http
    for headers, sent in (
        ({"Sec-Fetch-Site": "cross-site"}, token),
        ({"Sec-Fetch-Site": "same-site"}, token),
        ({"Sec-Fetch-Site": "none"}, token),
        ({"Sec-Fetch-Site": "", "Origin": "https://elsewhere.example"}, token),
        ({}, ""),
        ({}, token[:-1]),
        ({}, guest.form().fields["_token"]),
    ):
        answer = await http.post("/log-out", data={"_token": sent}, headers=headers)
        assert answer.status_code == 403, (headers, sent)
    del http.headers["Sec-Fetch-Site"]
    assert (await http.post("/log-out", data={"_token": token})).status_code == 403
    own = {"Origin": "http://shop.test"}
    foreign = {"Origin": "http://shop.test.example"}
    assert (await http.post("/log-out", data={"_token": token}, headers=foreign)).status_code == 403
    assert (await http.post("/log-out", data={"_token": token}, headers=own)).status_code == 303


@pytest.mark.any_database
async def test_a_refused_log_in_shows_the_typed_name_and_the_reason(
    browser: Browser, client: httpx.AsyncClient
) -> None:
    user = await create_user(client)
    await browser.go("/log-in?next=/console")
    answer = await browser.send(username=user["email"], password="wrong horse battery staple")
    assert answer.status_code == 401
    assert "Invalid username or password" in browser.text
    assert f'value="{user["email"]}"' in answer.text
    assert "wrong horse" not in answer.text
    answer = await browser.send(username=user["email"], password=_PASSWORD)
    assert answer.headers["location"] == "/console"


@pytest.mark.any_database
@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "/api/v1"],
)
async def test_a_log_in_redirects_to_no_other_site(
    browser: Browser, client: httpx.AsyncClient, address: str
) -> None:
    user = await create_user(client)
    await browser.go("/log-in?next=" + address)
    answer = await browser.send(username=user["email"], password=_PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.any_database
async def test_a_log_out_ends_the_log_in(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    user = await create_user(client)
    await set_user(shop, user["id"], role=UserRole.STAFF)
    await browser.log_in(user["email"])
    await browser.go("/console")
    cookie = browser.http.cookies["lavka"]
    await browser.send("/log-out")
    browser.http.cookies.set("lavka", cookie, domain="shop.test")
    assert _is_to_log_in(await browser.http.get("/console"))

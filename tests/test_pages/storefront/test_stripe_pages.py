"""The page of a payment at Stripe, with the stub of Stripe."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.servers.stripe import StripeServer, start_stripe
from tests.test_controllers.payments.setting import do_errands, offer, with_stripe
from tests.test_pages.browser import Browser
from tests.test_pages.storefront.test_checkout_pages import ADDRESS

pytestmark = pytest.mark.any_database

_KEY = "pk_test_lavka"
_STRIPE = "stripe.com"


@pytest.fixture(scope="module", name="stripe")
def _stripe() -> Iterator[StripeServer]:
    with start_stripe() as its:
        yield its


@pytest_asyncio.fixture(name="with_stripe", loop_scope="session")
async def _with_stripe(
    shop: Shop, stripe: StripeServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    changes = {"payment_providers": ("stripe", "manual"), "stripe_publishable_key": _KEY}
    async with with_stripe(monkeypatch, shop, stripe, **changes):
        yield


async def _ordered(client: httpx.AsyncClient, browser: Browser) -> httpx.Response:
    """Order two packs of tea, to be paid by card."""
    tea = await create_product(client, name="Earl Grey", price="10.00", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    await browser.send("/cart/lines", quantity="2")
    await browser.visit("/checkout?country=GB")
    await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    start = browser.html.index('action="/checkout/0') + len('action="')
    place = browser.html[start : browser.html.index('"', start)]
    return await browser.send(place, payment="stripe", terms_accepted="on")


@pytest.mark.usefixtures("with_stripe")
async def test_a_guest_pays_on_a_page_with_fields_of_stripe(
    client: httpx.AsyncClient, browser: Browser, shop: Shop, stripe: StripeServer
) -> None:
    before = set(stripe.ledger())
    placed = await _ordered(client, browser)
    place = placed.headers["location"]
    (intent,) = set(stripe.ledger()) - before
    assert place.startswith("/orders/") and place.endswith("/pay")
    (order,) = (await client.get("/orders")).json()["items"]
    assert f"Pay order {order['number']}" in browser.text and "Amount $20.00" in browser.text
    assert "your browser must run scripts" in browser.text
    html = browser.html
    assert '<script src="https://js.stripe.com/v3/" defer></script>' in html
    assert f'data-key="{_KEY}" data-secret="{intent}_secret_' in html
    order_page = place.removesuffix("/pay")
    assert f'data-return-url="http://shop.test{order_page}"' in html
    assert 'role="alert"></p>' in html
    stripe.pay(intent)
    await browser.visit(f"{order_page}?redirect_status=succeeded&payment_intent={intent}")
    assert "Your payment is on its way." in browser.text
    assert "Pay by card" not in browser.text and 'hx-trigger="every 5s"' in browser.html
    # When it is loaded again, the page of the payment redirects to the paid order.
    assert (await browser.go(place)).url.path == order_page
    await do_errands(shop)
    await browser.visit(order_page)
    assert "Paid" in browser.text and "Card Captured $20.00" in browser.text
    assert "on its way" not in browser.text


@pytest.mark.usefixtures("with_stripe")
async def test_only_the_page_of_a_payment_may_load_files_of_stripe(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    place = (await _ordered(client, browser)).headers["location"]
    page = await browser.visit(place)
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self' https://js.stripe.com https://*.js.stripe.com; "
        "style-src 'self'; img-src 'self' data:; connect-src 'self' https://api.stripe.com; "
        "frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    (permissions,) = page.headers.get_list("permissions-policy")
    assert 'payment=(self "https://js.stripe.com" "https://*.js.stripe.com")' in permissions
    assert page.headers["cache-control"] == "no-store"
    for address in ("/", "/cart", "/checkout", place.removesuffix("/pay"), "/console", "/docs"):
        other = await browser.visit(address)
        assert _STRIPE not in other.headers["content-security-policy"], address
        assert _STRIPE not in other.text or address == "/docs"
        (permissions,) = other.headers.get_list("permissions-policy")
        assert permissions.endswith("payment=()"), address


@pytest.mark.usefixtures("with_stripe")
async def test_a_user_continues_an_unfinished_payment(
    client: httpx.AsyncClient, browser: Browser, stripe: StripeServer
) -> None:
    user = await create_user(client)
    await browser.log_in(user["email"])
    before = set(stripe.ledger())
    place = (await _ordered(client, browser)).headers["location"]
    order_page = place.removesuffix("/pay")
    (intent,) = set(stripe.ledger()) - before
    declined = stripe.pay(intent, "4000000000000002")
    assert declined["error"]["code"] == "card_declined"
    await browser.visit(f"{order_page}?redirect_status=failed")
    assert "The payment did not succeed." in browser.text
    assert f'href="{place}">Continue the payment by card</a>' in browser.html
    await browser.visit(place)
    assert f'data-secret="{intent}_secret_' in browser.html
    await browser.visit(order_page)
    assert "card_declined" in browser.text or "generic_decline" in browser.text
    assert set(stripe.ledger()) - before == {intent}


@pytest.mark.usefixtures("with_stripe")
async def test_the_page_of_a_payment_is_for_its_customer_only(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    place = (await _ordered(client, browser)).headers["location"]
    token = browser.cookies["cart"].partition(".")[2]
    browser.cookies.clear()
    assert (await browser.visit(place)).status_code == 404
    assert (await browser.visit(f"{place}?t={token}")).status_code == 200
    assert f'href="{place.removesuffix("/pay")}?t={token}"' in browser.html


@pytest.mark.usefixtures("with_stripe")
async def test_an_order_is_kept_when_stripe_does_not_respond(
    client: httpx.AsyncClient, browser: Browser, stripe: StripeServer
) -> None:
    stripe.control(next=[{"fault": "cut_before"}])
    placed = await _ordered(client, browser)
    assert not placed.headers["location"].endswith("/pay")
    assert "Not paid yet." in browser.text


async def test_pages_offer_no_stripe_without_a_key_for_its_script(
    client: httpx.AsyncClient, browser: Browser, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, shop, payment_providers=("manual", "stripe"))
    tea = await create_product(client, price="10.00", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    await browser.send("/cart/lines", quantity="2")
    await browser.visit("/checkout?country=GB")
    await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    assert 'value="manual"' in browser.html and 'value="stripe"' not in browser.html

"""A purchase by card, with a stub of the script of Stripe, over the stub of its API.

Stripe's own script and fields are not loaded: the tests cover the shop's page that uses them.
"""

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import VARIABLES
from tests.browser.people import ADMIN, PASSWORD, fill_cart, give_address
from tests.browser.test_barriers import barriers
from tests.browser.watch import Watch
from tests.conftest import sqlite_settings
from tests.support.processes import WAIT_SECONDS, ServedShop, serving
from tests.support.servers.stripe import SECRET_KEY, WEBHOOK_SECRET, StripeServer, start_stripe

_SCRIPT = """
window.Stripe = (key) => ({
  elements: ({ clientSecret }) => ({
    clientSecret,
    create: () => {
      const told = {};
      return {
        on: (name, tell) => { told[name] = tell; },
        mount: (place) => {
          const field = document.createElement("input");
          field.setAttribute("aria-label", "Card number");
          document.querySelector(place).append(field);
          told.ready();
        },
      };
    },
  }),
  confirmPayment: async ({ elements, confirmParams }) => {
    const secret = elements.clientSecret;
    const intent = secret.slice(0, secret.indexOf("_secret_"));
    const card = document.querySelector("#payment-fields input").value;
    const body = new URLSearchParams({ card, client_secret: secret, key });
    const at = `https://api.stripe.com/v1/payment_intents/${intent}/confirm`;
    const answer = await (await fetch(at, { method: "POST", body })).json();
    if (answer.error) return { error: answer.error };
    const back = new URL(confirmParams.return_url);
    back.searchParams.set("payment_intent", intent);
    back.searchParams.set("redirect_status", "succeeded");
    location = back;
    return new Promise(() => {});
  },
});
"""
_DECLINED, _GOOD = "4000000000000002", "4242424242424242"


@pytest.fixture(name="stripe", scope="module")
def _stripe() -> Iterator[StripeServer]:
    with start_stripe() as its:
        yield its


@pytest.fixture(name="shop", scope="module")
def _shop(
    chromium: str, stripe: StripeServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedShop]:
    assert chromium
    folder = tmp_path_factory.mktemp("stripe")
    variables = VARIABLES | {
        "PAYMENT_PROVIDERS": "stripe,manual",
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_PUBLISHABLE_KEY": "pk_test_lavka",
        "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "STRIPE_API_BASE": stripe.url,
    }
    with serving(sqlite_settings(folder), folder, is_new=True, variables=variables) as shop:
        events = f"{shop.url}/api/v1/payment-providers/stripe/events"
        stripe.control(webhooks={"url": events, "secret": WEBHOOK_SECRET})
        yield shop


@pytest.fixture(name="tea", scope="module")
def _tea(shop: ServedShop) -> str:
    """The id of a product."""
    with httpx.Client(base_url=f"{shop.url}/api/v1") as admin:
        log_in = {"username": ADMIN, "password": PASSWORD}
        token = admin.post("/auth/token", data=log_in).json()["access_token"]
        admin.headers["Authorization"] = f"Bearer {token}"
        data = {"sku": "TEA", "name": "Tea", "category": "Tea", "price": "10.00"}
        made = admin.post("/products", json=data | {"stock_quantity": 50})
    its: str = made.json()["id"]
    return its


@pytest.fixture(name="guest")
def _guest(engine: Browser, shop: ServedShop, stripe: StripeServer) -> Iterator[Page]:
    """The page of a guest, for which stubs replace the hosts of Stripe."""
    context = engine.new_context(base_url=shop.url, reduced_motion="reduce")
    watch = Watch(context, shop.url)

    def confirm(route: Route) -> None:
        sent = dict(pair.split("=") for pair in (route.request.post_data or "").split("&"))
        intent = route.request.url.split("/")[-2]
        assert sent["key"] == "pk_test_lavka" and sent["client_secret"].startswith(intent)
        headers = {"Access-Control-Allow-Origin": "*"}
        answer = json.dumps(stripe.pay(intent, sent["card"]))
        route.fulfill(body=answer, content_type="application/json", headers=headers)

    page = context.new_page()
    page.route(
        "https://js.stripe.com/**",
        lambda route: route.fulfill(body=_SCRIPT, content_type="text/javascript"),
    )
    page.route("https://api.stripe.com/**", confirm)
    yield page
    context.close()
    hosts = ("another host: https://js.stripe.com/", "another host: https://api.stripe.com/")
    assert [each for each in watch.taken() if not each.startswith(hosts)] == []


def _order(page: Page, tea: str) -> None:
    fill_cart(page, tea)
    give_address(page)
    page.get_by_role("radio", name="Card").check()
    page.get_by_label("I accept the terms of the shop.").check()
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("heading", name="Pay order")).to_be_visible()


def test_a_buyer_pays_with_another_card_after_a_declined_one(guest: Page, tea: str) -> None:
    _order(guest, tea)
    guest.get_by_label("Card number").fill(_DECLINED)
    guest.get_by_role("button", name="Pay $10.00").click()
    expect(guest.get_by_role("alert")).to_contain_text("declined", timeout=15_000)
    guest.get_by_label("Card number").fill(_GOOD)
    guest.get_by_role("button", name="Pay $10.00").click()
    expect(guest.get_by_role("heading", name="Order", level=1)).to_be_visible()
    # The event of Stripe completes the payment; until then the page reloads by itself.
    expect(guest.locator(".placed")).to_contain_text("Paid", timeout=WAIT_SECONDS * 1_000)
    assert guest.get_by_text("on its way").count() == 0


def test_the_page_of_a_payment_has_no_accessibility_fault(guest: Page, tea: str) -> None:
    _order(guest, tea)
    expect(guest.get_by_role("button", name="Pay $10.00")).to_be_enabled()
    assert not barriers(guest)


def test_a_page_that_cannot_reach_stripe_shows_a_message(guest: Page, tea: str) -> None:
    guest.route("https://js.stripe.com/**", lambda route: route.abort())
    _order(guest, tea)
    expect(guest.get_by_role("alert")).to_contain_text("Stripe cannot be reached.")
    expect(guest.get_by_role("button", name="Pay $10.00")).to_be_disabled()
    guest.get_by_role("link", name="Back to the order").click()
    expect(guest.get_by_role("link", name="Continue the payment by card")).to_be_visible()

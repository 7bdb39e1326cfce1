"""Orders of a shop that are paid at Stripe, through the routes and errands of all providers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stripe as library

from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.support.refusals import problem_of
from tests.support.servers.stripe import SECRET_KEY, WEBHOOK_SECRET, StripeServer
from tests.test_controllers.carts.setting import Customer
from tests.test_controllers.checkout.setting import check_out, ready
from tests.test_controllers.payments.setting import do_errands, order_now, payments_of, with_stripe

EVENTS = "/payment-providers/stripe/events"


@pytest.fixture(name="shop_with_stripe")
async def _shop_with_stripe(
    shop: Shop, stripe: StripeServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shop]:
    async with with_stripe(monkeypatch, shop, stripe):
        yield shop


async def placed(client: httpx.AsyncClient) -> tuple[Customer, dict[str, Any]]:
    """Return the cart of a guest, and its order of 20.00 USD."""
    product = await create_product(client, price="10.00", stock_quantity=10)
    cart = await ready(client, {product["id"]: 2})
    response = await check_out(cart, payment="stripe")
    assert response.status_code == 201, response.text
    return cart, response.json()


async def begin(cart: Customer) -> httpx.Response:
    """Begin a payment of the order of a cart."""
    return await cart.send("POST", "/order/payments", json={"provider": "stripe"})


def event_of(stripe: StripeServer, reference: str) -> tuple[bytes, dict[str, str]]:
    """Return the newest event about a payment, in the form of Stripe."""
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}
    found = httpx.get(f"{stripe.url}/v1/events", params={"limit": "100"}, headers=headers)
    body = next(
        each for each in found.json()["data"] if each["data"]["object"].get("id") == reference
    )
    text = httpx.Request("POST", "http://shop.test", json=body).content.decode()
    signature = library.WebhookSignature.generate_signature_header(text, WEBHOOK_SECRET)
    return text.encode(), {"Stripe-Signature": signature, "Content-Type": "application/json"}


@pytest.mark.usefixtures("shop_with_stripe")
async def test_an_order_is_paid_by_an_event_of_stripe_and_refunded(
    client: httpx.AsyncClient, shop: Shop, stripe: StripeServer
) -> None:
    cart, order = await placed(client)
    payment = (await begin(cart)).json()
    reference = payment["reference"]
    assert payment["action"]["client_secret"].startswith(f"{reference}_secret_")
    stripe.pay(reference)
    assert (await order_now(client, order))["status"] == "pending"
    body, headers = event_of(stripe, reference)
    taken = await client.post(EVENTS, content=body, headers=headers)
    assert taken.is_success, taken.text
    await do_errands(shop)
    paid = await order_now(client, order)
    assert (paid["status"], paid["paid"]) == ("paid", "20.00")
    path = f"/payments/{payment['id']}/refunds"
    refund = await client.post(path, json={"amount": "5.00", "reason": "Arrived broken."})
    assert (refund.status_code, refund.json()["status"]) == (201, "succeeded")
    books = stripe.ledger()[reference]
    assert (books["currency"], books["received"], books["refunded"]) == ("usd", 2_000, 500)


@pytest.mark.usefixtures("shop_with_stripe")
async def test_an_event_that_stripe_has_not_signed_is_refused(
    client: httpx.AsyncClient, shop: Shop, stripe: StripeServer
) -> None:
    cart, order = await placed(client)
    reference = (await begin(cart)).json()["reference"]
    stripe.pay(reference)
    body, headers = event_of(stripe, reference)
    wrong = headers | {"Stripe-Signature": headers["Stripe-Signature"].replace("v1=", "v1=0")}
    refused = await client.post(EVENTS, content=body, headers=wrong)
    assert problem_of(refused)["type"] == "urn:problem:signature-refused"
    await do_errands(shop)
    assert (await order_now(client, order))["status"] == "pending"


@pytest.mark.usefixtures("shop_with_stripe")
async def test_a_payment_whose_begin_call_got_no_response_is_begun_once(
    client: httpx.AsyncClient, shop: Shop, stripe: StripeServer
) -> None:
    cart, order = await placed(client)
    before = set(stripe.ledger())
    stripe.control(next=[{"fault": "cut_after"}])
    lost = await begin(cart)
    assert problem_of(lost)["type"] == "urn:problem:provider-unavailable"
    with later(shop, timedelta(minutes=2)):
        await do_errands(shop)
    (payment,) = (await payments_of(client, order))["payments"]
    assert set(stripe.ledger()) - before == {payment["reference"]}
    assert payment["status"] == "requires_action"


@pytest.mark.usefixtures("shop_with_stripe")
async def test_an_order_that_was_not_paid_in_time_cannot_be_paid_later(
    client: httpx.AsyncClient, shop: Shop, stripe: StripeServer
) -> None:
    cart, order = await placed(client)
    reference = (await begin(cart)).json()["reference"]
    with later(shop, timedelta(hours=1)):
        await do_errands(shop)
    assert (await order_now(client, order))["status"] == "cancelled"
    assert stripe.ledger()[reference]["status"] == "canceled"
    assert stripe.pay(reference)["error"]["code"] == "payment_intent_unexpected_state"

"""The stub of Stripe; each of its responses is compared with Stripe's published schemas."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from pydantic import SecretStr

from app.gateways.payments.provider import PaymentOrder
from app.gateways.payments.stripe_provider import StripeProvider
from tests.support.servers.stripe import SECRET_KEY, WEBHOOK_SECRET, StripeServer, start_stripe
from tests.support.servers.stripe.schemas import stripe_schemas

SECRETS = (SecretStr("whsec_older"), SecretStr(WEBHOOK_SECRET))


@pytest.fixture(scope="session", name="stripe_process")
def _stripe_process() -> Iterator[StripeServer]:
    with start_stripe() as its:
        yield its


@pytest.fixture(name="stripe")
def _stripe(stripe_process: StripeServer) -> Iterator[StripeServer]:
    """The stub, without faults; its responses are compared after each test."""
    stripe_process.control(faults={})
    stripe_process.control(next=[])
    stripe_process.control(record=True)
    yield stripe_process
    schemas = stripe_schemas()
    for exchange in stripe_process.control(exchanges=None):
        if schemas is not None:
            schemas.check(exchange)


@pytest.fixture(name="provider")
async def _provider(stripe: StripeServer) -> AsyncIterator[StripeProvider]:
    provider = StripeProvider(SecretStr(SECRET_KEY), SECRETS, "Lavka", api_base=stripe.url)
    yield provider
    await provider.close()


@pytest.fixture(name="hasty")
async def _hasty(stripe: StripeServer) -> AsyncIterator[StripeProvider]:
    """A provider with a short timeout."""
    provider = StripeProvider(
        SecretStr(SECRET_KEY), SECRETS, "Lavka", api_base=stripe.url, answer_seconds=0.5
    )
    yield provider
    await provider.close()


def asked(
    amount_minor: int = 1_999, currency: str = "EUR", *, captures_by_itself: bool = True
) -> PaymentOrder:
    """Return a payment to begin."""
    return PaymentOrder(
        payment_id=uuid4(),
        order_id=uuid4(),
        order_number=1_042,
        amount_minor=amount_minor,
        currency=currency,
        email="ada@example.com",
        return_url="https://shop.example/thanks",
        captures_by_itself=captures_by_itself,
    )


def key() -> str:
    """Return an idempotency key."""
    return str(uuid4())


async def begun(provider: StripeProvider, *, captures_by_itself: bool = True) -> str:
    """Begin a payment of 19.99 EUR."""
    order = asked(captures_by_itself=captures_by_itself)
    return (await provider.begin(order, key())).reference


async def paid(provider: StripeProvider, stripe: StripeServer) -> str:
    """Begin a payment of 19.99 EUR, and pay it."""
    reference = await begun(provider)
    stripe.pay(reference)
    return reference

"""Builds the providers of payments, each at its first use."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.errors import ProviderNotFound
from app.gateways.payments.bank import BankForTests
from app.gateways.payments.provider import PaymentProvider
from app.gateways.payments.stripe_provider import StripeProvider, stripe_provider
from app.repositories.payments.bank_repository import BankRepository
from app.wiring.resources import Shop


def provider_of(shop: Shop, code: str) -> PaymentProvider:
    """Return a provider of payments that the shop uses.

    Raises:
        ProviderNotFound: the shop uses no provider with this code.
    """
    if code not in shop.settings.payment_providers or code not in _BUILT_BY:
        raise ProviderNotFound(f"there is no provider {code}")
    if code not in shop.providers:
        shop.providers[code] = _BUILT_BY[code](shop)
    return shop.providers[code]


def bank_of(shop: Shop) -> BankForTests:
    """Return the bank for tests.

    Raises:
        ProviderNotFound: the shop does not use the bank for tests.
    """
    bank = provider_of(shop, BankForTests.code)
    if not isinstance(bank, BankForTests):
        raise TypeError("the provider is not the bank for tests")
    return bank


def _bank(shop: Shop) -> BankForTests:
    @asynccontextmanager
    async def begin() -> AsyncIterator[BankRepository]:
        async with shop.database.write() as session:
            yield BankRepository(session)

    secret = hmac.new(shop.tokens.keys[0], b"test bank", hashlib.sha256).digest()
    return BankForTests(begin, shop.clock, secret)


def _stripe(shop: Shop) -> PaymentProvider:
    return stripe_provider(shop.settings)


_BUILT_BY: dict[str, Callable[[Shop], PaymentProvider]] = {
    BankForTests.code: _bank,
    StripeProvider.code: _stripe,
}

"""The requirements on settings and data at the start of a shop."""

import httpx
import pytest

from app.settings import InvalidSettings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.support.factories import create_product


async def test_a_shop_does_not_start_with_another_currency_than_that_of_its_prices(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    other = Shop(shop.settings.model_copy(update={"shop_currency": "JPY"}))
    try:
        await prepare(other)
        await create_product(client)
        with pytest.raises(InvalidSettings, match="SHOP_CURRENCY: .* are in USD; set .*=USD, or"):
            await prepare(other)
        await prepare(shop)
    finally:
        await other.close()

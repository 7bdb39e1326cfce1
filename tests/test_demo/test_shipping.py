"""The demo shop ships in two ways."""

import httpx

from app.core.countries import Place
from app.demo.load import fill_with_demo
from app.services.shipping.shipping_service import Parcel
from app.wiring.areas.shipping import provide_shipping
from app.wiring.resources import Shop


async def test_the_demo_shop_has_a_parcel_that_is_free_from_a_price_on_and_a_pick_up(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await fill_with_demo(shop)
    items = (await client.get("/shipping-methods")).json()["items"]
    assert [(each["name"], each["is_pickup"]) for each in items] == [
        ("Standard", False),
        ("Pick-up", True),
    ]
    async with shop.database.read() as session:
        shipping = provide_shipping(session, shop)
        for subtotal, expected in ((3_499, [490, 0]), (3_500, [0, 0])):
            parcel = Parcel("USD", 1_000, subtotal, subtotal)
            found = await shipping.methods_for(Place("DE"), parcel)
            assert [each.price_minor for each in found] == expected

"""Fills an empty shop with an extract of a year of a grocery chain."""

import csv
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from app.core.ids import new_id
from app.core.money import currency_places
from app.demo.recent_orders import add_recent_orders
from app.demo.shipping import add_shipping_methods
from app.jobs.errands.demo_pictures import DEMO_PICTURE, add_picture
from app.jobs.errands.images import settle_image
from app.jobs.file_import import import_files
from app.services.data.import_outcome import ImportOptions
from app.settings import InvalidSettings
from app.wiring.areas.data import provide_imports
from app.wiring.areas.system import provide_errands
from app.wiring.resources import Shop

_FOLDER = Path(__file__).parent
_FILES = [_FOLDER / f"{kind}.csv" for kind in ("products", "users", "orders")]

# The product of the examples in the documentation, with the id that they name.
_EXAMPLE_SKU, _EXAMPLE_ID = "1058997", UUID("0199a1b2-7c00-7d00-8e00-0123456789ab")
# The decimal places of the prices.
_PLACES = 2
# The pause leaves most of a core to the shop, which already serves while pictures are drawn.
_BETWEEN_PICTURES = timedelta(milliseconds=150)


async def fill_with_demo(shop: Shop) -> bool:
    """Import the extract if the shop never had a product; return whether it did.

    Errands draw the pictures of the products; the product of the examples gets its picture at once.

    Raises:
        InvalidSettings: the currency of the shop cannot have the prices.
    """
    async with shop.database.read() as session:
        if await provide_imports(session, shop).is_shop_in_use():
            return False
    currency = shop.settings.shop_currency
    if currency_places(currency) < _PLACES:
        raise InvalidSettings(
            f"SHOP_CURRENCY={currency} has fewer decimal places than the prices of the demo data; "
            "choose another one, or start without the demo data"
        )
    product_ids = _product_ids(shop)
    # The stock of the extract includes the units of its orders.
    options = ImportOptions(moves_stock=True, product_ids=product_ids)
    await import_files(shop, _FILES, options=options)
    await add_recent_orders(shop, product_ids, await add_shipping_methods(shop))
    if (image_id := await add_picture(shop, _EXAMPLE_ID)) is not None:
        await settle_image(shop, image_id)
    async with shop.database.write() as session:
        errands, due_at = provide_errands(session, shop), shop.clock.now()
        for product_id in product_ids.values():
            if product_id != _EXAMPLE_ID:
                due_at += _BETWEEN_PICTURES
                await errands.put(DEMO_PICTURE, product_id, due_at)
    return True


def _product_ids(shop: Shop) -> Mapping[str, UUID]:
    """Return new ids of the products, by their first SKUs."""
    with (_FOLDER / "products.csv").open(newline="", encoding="utf-8") as file:
        skus = dict.fromkeys(row["product_sku"] for row in csv.DictReader(file))
    now = shop.clock.now()
    return {sku: new_id(now) for sku in skus} | {_EXAMPLE_SKU: _EXAMPLE_ID}

"""Fills an empty shop with an extract of a year of a grocery chain."""

from pathlib import Path
from uuid import UUID

from app.jobs.file_import import import_files
from app.services.data.import_outcome import ImportOptions
from app.wiring.data import provide_imports
from app.wiring.resources import Shop

_FILES = [Path(__file__).parent / f"{kind}.csv" for kind in ("products", "users", "orders")]

# The product of the examples in the documentation, with the id that they name.
_EXAMPLE = {"1058997": UUID("0199a1b2-7c00-7d00-8e00-0123456789ab")}


async def fill_with_demo(shop: Shop) -> bool:
    """Import the extract if the shop never had a product; return whether it did."""
    async with shop.database.read() as session:
        if await provide_imports(session, shop).is_shop_in_use():
            return False
    # The stock of the extract includes the units of its orders.
    options = ImportOptions(moves_stock=True, product_ids=_EXAMPLE)
    await import_files(shop, _FILES, options=options)
    return True

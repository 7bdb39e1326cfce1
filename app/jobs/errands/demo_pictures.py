"""Draws a picture for a product of the demo."""

import asyncio
import json
from uuid import UUID

from app.errors import ProductNotFound
from app.jobs.errands.demo_drawing import draw
from app.wiring.areas.catalogue import (
    provide_image_uploads,
    provide_product_categories,
    provide_products,
)
from app.wiring.resources import Shop

DEMO_PICTURE = "demo_picture"
"""The errand that draws the picture of a product."""


async def add_picture(shop: Shop, product_id: UUID) -> UUID | None:
    """Draw the picture of a product and add it; return its id if the product exists."""
    try:
        async with shop.database.read() as session:
            found = await provide_products(session, shop).get(product_id)
            categories = await provide_product_categories(session, shop).of_product(product_id)
        product = json.loads(found.representation.body)
        department = categories.items[0].path.partition("/")[0]
        picture = await asyncio.to_thread(draw, product["name"], product["category"], department)
        return (await provide_image_uploads(shop).add(product_id, picture, product["name"])).id
    except ProductNotFound:
        return None


async def _draw_picture(shop: Shop, product_id: UUID) -> None:
    await add_picture(shop, product_id)


HANDLERS = {DEMO_PICTURE: _draw_picture}

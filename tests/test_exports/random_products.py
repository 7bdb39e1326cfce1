"""Products with random texts, options, stocks and prices, and shops that are filled with them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from app.repositories.catalogue.category_path_repository import CategoryPathRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.product_schema import ProductCreate
from app.services.catalogue.new_product import Maker, columns_of
from app.wiring.resources import Shop

LETTERS = "abcXYZ019 '\"=+-@;|,\\>/<#%äßéłЖ中\u3000\uff1d\u2212🍵\u200b\ufeff"
TROUBLE = ("=1+1", "'=1+1", "''", "'x'", "' '", "007", "-5", "+49", "@SUM(A1)", "1e5", "a;=1", '"')
AT = datetime(2026, 1, 1, tzinfo=UTC)


def line(random: Random, length: int = 20) -> str:
    """Return one line of text with a visible character."""
    if random.random() < 0.3:
        return random.choice(TROUBLE)
    text = "".join(random.choices(LETTERS, k=random.randint(0, length - 1)))
    place = random.randint(0, len(text))
    return f"{text[:place]}{random.choice('abc=7')}{text[place:]}"


def prose(random: Random) -> str:
    """Return text of several lines, which may be empty."""
    return "".join(random.choices(LETTERS + "\n\r\t", k=random.randint(0, 60)))


def product(random: Random, number: int) -> tuple[ProductCreate, tuple[str, ...]]:
    """Return a product, and the names of its category from the top."""
    names = {f"{line(random)[:40]} {place}": place for place in range(random.choice((0, 0, 1, 3)))}
    path = tuple(line(Random(random.randint(0, 9)), 12) for _ in range(random.randint(1, 3)))
    further = [
        _variant(random, f"{number}/{each}", names, each)
        for each in range(1, random.randint(1, 4) if names else 1)
    ]
    first = _variant(random, f"0{number}", names, 0)
    data = first.model_copy(
        update={
            "name": line(random),
            "description": prose(random),
            "category": path[-1],
            "variants": further,
        }
    )
    return data, path


def _variant(random: Random, sku: str, names: Mapping[str, int], place: int) -> ProductCreate:
    price = random.choice((0, 5, 100, 12_345))
    owes = random.random() < 0.2
    values: dict[str, Any] = {
        "sku": sku,
        "price_minor": price,
        "compare_at_minor": random.choice((None, price + 1)),
        "option_values": {name: f"{line(random)[:50]}{place}" for name in names},
        "stock_quantity": -random.randint(1, 9) if owes else random.randint(0, 9),
        "allows_backorder": owes,
        "tracks_stock": random.random() < 0.8,
        "low_stock_at": random.choice((None, 0, 3)),
        "barcode": random.choice((None, "0012", line(random)[:30])),
        "weight_grams": random.choice((None, 0, 250)),
        "is_active": random.random() < 0.8,
    }
    return ProductCreate.model_construct(**values)


async def fill(shop: Shop, random: Random, count: int) -> None:
    """Add random products to a shop, some with a first variant that is not for sale."""
    maker = Maker(AT, shop.settings.shop_currency, shop.settings.low_stock_at)
    async with shop.database.write() as session:
        for number in range(count):
            data, path = product(random, number)
            ids = await CategoryPathRepository(session).ids_of([path], AT)
            made = maker.product(data)
            made.product.primary_category_id = ids[path]
            made.variants[0].is_active = random.random() < 0.8
            await ProductRepository(session).add_all(
                [columns_of(made.product)],
                [columns_of(each) for each in made.variants],
                made.movements("test"),
            )

"""Runs eight writers that each edit the 3 x 8 x 8 variants of a product at random, fifty times.

Variants get other option values, are archived and added, and options are renamed. Afterwards no two
variants may have the same values; the unique index alone decides that, which `--no-index` shows. It
exits with 1 if two are alike.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from itertools import product
from pathlib import Path
from uuid import UUID

from rich.console import Console
from sqlalchemy import text

from app.errors import DomainError
from app.schemas.catalogue.option_schema import OptionsChange
from app.schemas.catalogue.product_schema import ProductCreate
from app.schemas.catalogue.variant_schema import VariantChange, VariantCreate
from app.security.principal import Caller
from app.wiring.areas.catalogue import provide_options, provide_products, provide_variants
from app.wiring.lifecycle import migrate_shop
from app.wiring.resources import Shop
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.servers import start_postgres

_NAMES = ("Size", "Colour", "Cut")
_VALUES = (("S", "M", "L"), tuple(f"c{n}" for n in range(8)), tuple(f"k{n}" for n in range(8)))
_CALLER = Caller("benchmark")
Values = dict[str, str]


async def plant(shop: Shop) -> UUID:
    """Add a product with all combinations of its option values; return its id."""
    first, *others = (dict(zip(_NAMES, each, strict=True)) for each in product(*_VALUES))
    data = {
        "sku": "first",
        "name": "Shirt",
        "category": "Shirts",
        "price": "20.00",
        "option_values": first,
        "variants": [
            {"sku": f"v{number}", "option_values": values} for number, values in enumerate(others)
        ],
    }
    async with shop.database.write() as session:
        made = await provide_products(session, shop).offer(_CALLER, ProductCreate.parse(data))
    return made.id


async def edit(shop: Shop, product_id: UUID, chance: random.Random, number: str) -> str:
    """Edit something at random; return the outcome."""
    values = {name: chance.choice(of) for name, of in zip(_NAMES, _VALUES, strict=True)}
    async with shop.database.read() as session:
        ids = list(
            await session.scalars(
                text("SELECT id FROM variants WHERE archived_at IS NULL ORDER BY sku")
            )
        )
    variant_id = UUID(str(chance.choice(ids)))
    try:
        async with shop.database.write() as session:
            variants = provide_variants(session, shop)
            match chance.randrange(8):
                case 0 | 1:
                    await variants.archive(variant_id)
                case 2 | 3:
                    new = VariantCreate(sku=f"new-{number}", option_values=values)
                    await variants.add(_CALLER, product_id, new)
                case 4:
                    names = [{"name": name} for name in chance.sample(_NAMES, 3)]
                    change = OptionsChange.parse({"options": names})
                    options = provide_options(session, shop)
                    await options.change(product_id, change, None, is_preview=False)
                case _:
                    change_of = VariantChange.parse({"option_values": values})
                    await variants.change(_CALLER, variant_id, change_of)
    except DomainError as refusal:
        return refusal.code
    return "done"


async def edited(shop: Shop, arguments: argparse.Namespace) -> list[str]:
    """Edit at random, print the outcomes, and return the combinations that exist twice."""
    await migrate_shop(shop)
    product_id = await plant(shop)
    if arguments.no_index:
        async with shop.database.write() as session:
            await session.execute(text("DROP INDEX uq_variants_product_id"))

    async def write(writer: int) -> Counter[str]:
        chance = random.Random(f"{arguments.seed} {writer}")
        return Counter(
            [
                await edit(shop, product_id, chance, f"{writer}-{number}")
                for number in range(arguments.edits)
            ]
        )

    outcomes = sum(await asyncio.gather(*map(write, range(arguments.writers))), Counter[str]())
    Console().print(shop.database.url.get_backend_name(), dict(outcomes))
    keys = "option1_key, option2_key, option3_key"
    async with shop.database.read() as session:
        rows = await session.execute(
            text(
                f"SELECT {keys} FROM variants WHERE archived_at IS NULL "
                f"GROUP BY product_id, {keys} HAVING count(*) > 1"
            )
        )
        twice = [" ".join(row) for row in rows]
    await shop.close()
    return twice


def main() -> None:
    """Edit on both databases, and print whether a combination exists twice."""
    arguments = parse_arguments()
    with start_postgres() as server, tempfile.TemporaryDirectory() as folder:
        server.create_database("edits")
        settings = (
            postgres_settings(server, "edits", db_pool_size=20),
            sqlite_settings(Path(folder)),
        )
        twice = [each for its in settings for each in asyncio.run(edited(Shop(its), arguments))]
    for each in twice[:10]:
        Console(stderr=True).print(f"error: twice: {each}")
    Console().print(f"{len(twice)} combinations exist twice")
    sys.exit(1 if twice else 0)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    name = "python -m benchmarks.catalogue.variant_edits"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--writers", type=int, default=8, help="at once (%(default)s)")
    parser.add_argument("--edits", type=int, default=50, help="of each writer (%(default)s)")
    parser.add_argument("--seed", type=int, default=16, help="of the edits (%(default)s)")
    parser.add_argument("--no-index", action="store_true", help="drop the unique index")
    return parser.parse_args()


if __name__ == "__main__":
    main()

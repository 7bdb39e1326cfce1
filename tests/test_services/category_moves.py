"""Moves categories at random, many at once, and checks the resulting tree."""

import asyncio
import random
from collections import Counter
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.errors import DomainError
from app.models import Category
from app.schemas.catalogue.category_schema import CategoryChange, CategoryCreate
from app.wiring.areas.catalogue import provide_categories
from app.wiring.resources import Shop

CATEGORIES = 60


async def plant(shop: Shop) -> list[UUID]:
    """Add categories in three levels; return their ids."""
    ids: list[UUID] = []
    async with shop.database.write() as session:
        categories = provide_categories(session, shop)
        for number in range(CATEGORIES):
            parent_id = ids[number // 4 - 1] if number >= 4 else None
            data = CategoryCreate(name=f"C {number}", parent_id=parent_id)
            ids.append((await categories.add(data)).id)
    return ids


async def move_at_random(
    shop: Shop, ids: list[UUID], *, movers: int, moves: int, seed: int
) -> Counter[str]:
    """Move categories in concurrent tasks; return the numbers of the outcomes."""
    outcomes: Counter[str] = Counter()

    async def mover(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        for _ in range(moves):
            change = CategoryChange(parent_id=chance.choice([None, *ids, *ids]))
            if chance.random() < 0.2:
                change = CategoryChange(slug=f"c-{chance.randrange(1_000)}")
            outcome = "unavailable"
            while outcome == "unavailable":
                outcome = await _moved(shop, chance.choice(ids), change)
            outcomes[outcome] += 1

    await asyncio.gather(*map(mover, range(movers)))
    return outcomes


async def _moved(shop: Shop, category_id: UUID, change: CategoryChange) -> str:
    try:
        async with shop.database.write() as session:
            await provide_categories(session, shop).change(category_id, change)
    except DomainError as refusal:
        return refusal.code
    except IntegrityError:
        # Only without the lock: the checked condition is no longer true.
        return "inconsistent"
    return "moved"


async def faults_of(shop: Shop) -> list[str]:
    """Return the errors of the tree: cycles, orphans, and paths that do not match the parents."""
    async with shop.database.read() as session:
        rows = {row.id: row for row in await session.scalars(select(Category))}
    faults = []
    for row in rows.values():
        slugs: list[str] = []
        above: Category | None = row
        while above is not None and len(slugs) <= len(rows):
            slugs.insert(0, above.slug)
            if above.parent_id is not None and above.parent_id not in rows:
                faults.append(f"{row.path} has no parent")
            above = None if above.parent_id is None else rows.get(above.parent_id)
        if len(slugs) > len(rows):
            faults.append(f"{row.path} is below itself")
        elif (row.path, row.depth) != ("/".join(slugs) + "/", len(slugs)):
            faults.append(f"{row.path} is at {'/'.join(slugs)}/")
    return faults

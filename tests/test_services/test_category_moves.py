"""Concurrent moves of categories keep a valid tree, with paths that match the parents."""

from unittest.mock import patch

from app.repositories.catalogue.category_tree_repository import CategoryTreeRepository
from app.wiring.resources import Shop
from tests.test_services.category_moves import CATEGORIES, faults_of, move_at_random, plant


async def unlocked(_tree: CategoryTreeRepository) -> None:
    """Lock nothing."""


async def test_concurrent_moves_keep_a_valid_tree(shop: Shop) -> None:
    ids = await plant(shop)
    outcomes = await move_at_random(shop, ids, movers=8, moves=25, seed=16)
    assert await faults_of(shop) == []
    assert len(ids) == CATEGORIES
    assert outcomes.keys() <= {"moved", "category-cycle", "category-too-deep", "slug-taken"}
    assert outcomes["moved"] > 50 and outcomes["category-cycle"] > 0


async def test_without_the_lock_concurrent_moves_break_the_tree(shop: Shop) -> None:
    ids = await plant(shop)
    with patch.object(CategoryTreeRepository, "lock_tree", unlocked):
        for seed in range(3 if shop.database.is_sqlite else 20):
            await move_at_random(shop, ids, movers=8, moves=25, seed=seed)
            if await faults_of(shop):
                break
    # SQLite has one writer at a time, which acts as a lock.
    assert (await faults_of(shop) == []) == shop.database.is_sqlite

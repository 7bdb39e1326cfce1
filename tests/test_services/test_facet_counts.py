"""Facets equal a count of every product, on both databases."""

from random import Random

from app.wiring.resources import Shop
from tests.test_services.facet_counts import OneByOne, counted_by_shop, plant, random_filters


async def test_facets_equal_a_count_of_every_product(shop: Shop) -> None:
    random = Random(16)
    await plant(shop, 150, random)
    truth = await OneByOne.of(shop)
    facets: set[str] = set()
    for _ in range(60):
        pairs = random_filters(random)
        counted = await counted_by_shop(shop, pairs)
        assert counted == truth.counts(pairs), pairs
        facets |= counted.keys()
    assert facets == {
        "availability",
        "category",
        "list",
        "price",
        "option.size",
        "option.colour",
        "option.material",
    }

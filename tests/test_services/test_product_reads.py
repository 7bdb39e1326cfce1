"""Products of concurrent requests are read together, with the responses of single requests."""

import asyncio
import gc
from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from app.cache.representation import Representation
from app.errors import NotSoldInCurrency, ProductNotFound, Unavailable
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.product_schema import ProductRead
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.queries import statements_of


async def offered(client: httpx.AsyncClient, count: int) -> list[UUID]:
    """Offer products and return their ids."""
    return [UUID((await create_product(client))["id"]) for _ in range(count)]


def shown(representation: Representation) -> dict[str, Any]:
    """Return the responses of callers."""
    content: dict[str, Any] = msgspec.json.decode(representation.body)
    return content


async def test_fifty_products_need_as_many_statements_as_one(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    ids = await offered(client, 50)
    with statements_of(shop) as alone:
        expected = [await shop.product_reads.read(ids[0])]
    with statements_of(shop) as together:
        found = await asyncio.gather(*(shop.product_reads.read(each) for each in ids))
    assert len(together) == len(alone) == 2
    assert found[0].body == expected[0].body
    assert [shown(each)["id"] for each in found] == list(map(str, ids))


async def test_each_request_of_a_batch_gets_the_response_of_a_single_request(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    variants = [
        {"sku": f"T-{each}", "option_values": {"Size": each}, "price": f"{each}.00"}
        for each in "123"
    ]
    several = UUID(
        (await create_product(client, option_values={"Size": "0"}, variants=variants))["id"]
    )
    (only,) = await offered(client, 1)
    first = shop.settings.shop_currency
    asked = [(only, None), (several, None), (only, first), (several, first), (only, None)]
    asked += [(uuid4(), None), (only, "JPY")]
    alone = [await _outcome(shop, *each) for each in asked]
    together = await asyncio.gather(*(_outcome(shop, *each) for each in asked))
    assert together == alone
    assert alone[-2:] == [ProductNotFound, NotSoldInCurrency]


async def _outcome(shop: Shop, product_id: UUID, currency: str | None) -> bytes | type[Exception]:
    try:
        return (await shop.product_reads.read(product_id, currency)).body
    except (ProductNotFound, NotSoldInCurrency) as error:
        return type(error)


@pytest.mark.any_database
async def test_a_product_that_cannot_be_shown_does_not_affect_the_others(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = await offered(client, 2)
    of = ProductRead.of

    def fail_for_one(product: Any, *others: Any) -> ProductRead:
        if product.id == bad:
            raise ValueError(bad)
        return of(product, *others)

    monkeypatch.setattr(ProductRead, "of", fail_for_one)
    asked = [shop.product_reads.read(each) for each in (bad, good, bad)]
    first, second, third = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, ValueError) and isinstance(third, ValueError)
    assert isinstance(second, Representation) and shown(second)["id"] == str(good)


@pytest.fixture(name="held")
def held_reads(monkeypatch: pytest.MonkeyPatch) -> tuple[list[set[UUID]], asyncio.Event]:
    """The batches that were read, and the event for which each waits after its statement."""
    whole, batches, may_end = ProductRepository.whole, list[set[UUID]](), asyncio.Event()

    async def hold(self: Any, ids: Collection[UUID], *, is_locked: bool = False) -> Any:
        found = await whole(self, ids, is_locked=is_locked)
        if not is_locked:
            batches.append(set(ids))
            await may_end.wait()
        return found

    monkeypatch.setattr(ProductRepository, "whole", hold)
    return batches, may_end


async def _batches(held: list[set[UUID]], count: int) -> None:
    async with asyncio.timeout(10):
        while len(held) < count:
            await asyncio.sleep(0.001)


@pytest.mark.any_database
async def test_a_product_that_is_requested_during_a_read_is_read_by_a_later_statement(
    client: httpx.AsyncClient, shop: Shop, held: tuple[list[set[UUID]], asyncio.Event]
) -> None:
    batches, may_end = held
    ids = await offered(client, 3)
    reads = []
    for number, each in enumerate(ids[:2], start=1):
        reads.append(asyncio.create_task(shop.product_reads.read(each)))
        await _batches(batches, number)
    changed = client.patch(f"/products/{ids[0]}", json={"price": "7.50"})
    assert (await changed).status_code == 200
    reads += [asyncio.create_task(shop.product_reads.read(each)) for each in (ids[0], ids[2])]
    await asyncio.sleep(0.05)
    assert batches == [{ids[0]}, {ids[1]}]
    may_end.set()
    found = await asyncio.gather(*reads)
    assert batches[2:] == [{ids[0], ids[2]}]
    assert [shown(found[place])["price"] for place in (0, 2)] == ["4.99", "7.50"]


@pytest.mark.any_database
async def test_a_caller_who_disconnects_does_not_affect_the_others(
    client: httpx.AsyncClient, shop: Shop, held: tuple[list[set[UUID]], asyncio.Event]
) -> None:
    batches, may_end = held
    (product_id,) = await offered(client, 1)
    leaving, staying = (asyncio.create_task(shop.product_reads.read(product_id)) for _ in range(2))
    await _batches(batches, 1)
    leaving.cancel()
    may_end.set()
    assert shown(await staying)["id"] == str(product_id)
    assert leaving.cancelled()


@pytest.mark.any_database
async def test_hanging_reads_are_refused_in_time_and_do_not_delay_later_ones(
    client: httpx.AsyncClient,
    shop: Shop,
    held: tuple[list[set[UUID]], asyncio.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches, may_end = held
    ids = await offered(client, 3)
    monkeypatch.setattr("app.database.deadline.ANSWER_SECONDS", 0.2)
    reads = []
    for number, each in enumerate(ids[:2], start=1):
        reads.append(asyncio.create_task(shop.product_reads.read(each)))
        await _batches(batches, number)
    refused = await asyncio.gather(*reads, shop.product_reads.read(ids[2]), return_exceptions=True)
    assert [type(each) for each in refused] == [Unavailable] * 3
    assert len({id(each) for each in refused}) == 3
    may_end.set()
    assert shown(await shop.product_reads.read(ids[2]))["id"] == str(ids[2])


@pytest.mark.any_database
@pytest.mark.usefixtures("without_collections")
async def test_a_refused_read_is_freed_at_once(shop: Shop, client: httpx.AsyncClient) -> None:
    (product_id,) = await offered(client, 1)
    refusals = (ProductNotFound, NotSoldInCurrency)
    for each, currency in ((uuid4(), None), (product_id, "JPY")) * 5:
        assert await _outcome(shop, each, currency) in refusals
    # This lets the tasks of the last batches end.
    await asyncio.sleep(0.01)
    assert not [each for each in gc.get_objects() if isinstance(each, refusals)]

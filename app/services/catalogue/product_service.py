"""The catalogue: products with their variants."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from app.cache.areas.catalogue import PRODUCT_LISTS, PRODUCTS
from app.cache.cache import Cache, Found, Tier
from app.cache.representation import Representation
from app.core.clock import Clock
from app.models import Product
from app.repositories.catalogue.primary_category_repository import PrimaryCategoryRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.base import etag_of
from app.schemas.catalogue.product_events import ProductCreatedEvent
from app.schemas.catalogue.product_query import ProductQuery
from app.schemas.catalogue.product_schema import (
    ProductChange,
    ProductCreate,
    ProductListed,
    ProductPage,
    ProductRead,
)
from app.schemas.catalogue.variant_schema import Stocked
from app.security.principal import Caller
from app.services.catalogue.catalogue_changes import CatalogueChanges, stock_of
from app.services.catalogue.listing import only_variant
from app.services.catalogue.new_product import Maker, columns_of
from app.services.catalogue.product_reads import ProductReads
from app.services.preconditions import require_match
from app.tables.products.offers import Offer, lowest_offers_of

_OF_VARIANT = {"sku", "price_minor", "stock_quantity", *Stocked.model_fields}


class _Ids(msgspec.Struct):
    ids: list[UUID]


class ProductService:
    """Adds, returns, changes and archives products."""

    def __init__(
        self,
        products: ProductRepository,
        categories: PrimaryCategoryRepository,
        changes: CatalogueChanges,
        clock: Clock,
        currency: str,
        low_stock_at: int,
        cache: Cache,
        reads: ProductReads,
    ) -> None:
        self._products = products
        self._categories = categories
        self._changes = changes
        self._clock = clock
        self._currency = currency
        self._low_stock_at = low_stock_at
        self._cache = cache
        self._reads = reads

    async def offer(self, caller: Caller, data: ProductCreate) -> ProductRead:
        """Add a product with its variants and their initial stock.

        Raises:
            InvalidInput: a variant has other options than the product.
            SkuTaken, VariantExists: nothing is added.
        """
        new = Maker(self._clock.now(), self._currency, self._low_stock_at).product(data)
        await self._products.add_all(
            [columns_of(new.product)],
            [columns_of(each) for each in new.variants],
            new.movements(caller.name),
        )
        shown = ProductRead.of(new.product, new.variants, self._low_stock_at)
        await self._changes.announce(ProductCreatedEvent(new.product.id, shown))
        return shown

    async def get(self, product_id: UUID, currency: str | None = None) -> Found:
        """Return a product; in a currency, with the variants that are sold in it.

        Raises:
            ProductNotFound: the product does not exist.
            NotSoldInCurrency: none of its variants has a price in the currency.
        """

        def load() -> Awaitable[Representation]:
            return self._reads.read(product_id, currency)

        return await self._cache.show(PRODUCTS, product_id, currency, load)

    async def find(self, query: ProductQuery) -> Found:
        """Return a page of the products that are for sale; pages with stock are not cached."""

        async def load() -> Representation:
            products, following = await self._products.find(query)
            page = ProductPage(items=await self._listed(products, query), next=following)
            if query.is_counted:
                page.total = await self._products.count(query)
            return Representation.of(page)

        if query.includes_stock:
            return Found(await load(), Tier.MISS)
        return await self._cache.show_list(PRODUCT_LISTS, query.model_dump_json(), load)

    async def ids_from(self, first: UUID, limit: int) -> list[UUID]:
        """Return the next products that are for sale, by their ids from one on."""
        return await self._ids(
            f"ids from {first} {limit}", lambda: self._products.ids_from(first, limit)
        )

    async def every_id(self, distance: int) -> list[UUID]:
        """Return the first product for sale by id, and every product at a distance after it."""

        async def read() -> list[UUID]:
            ids = found = await self._products.ids_from(UUID(int=0), 1)
            while found:
                found = await self._products.ids_from(found[0], 1, skip=distance)
                ids = ids + found
            return ids

        return await self._ids(f"every id {distance}", read)

    async def _ids(self, name: str, read: Callable[[], Awaitable[list[UUID]]]) -> list[UUID]:
        async def load() -> Representation:
            # A cached list has items, which this list of ids does not show.
            body = msgspec.json.encode({"items": (), "ids": await read()})
            return Representation(body, etag_of(body))

        found = await self._cache.show_list(PRODUCT_LISTS, name, load)
        return msgspec.json.decode(found.representation.body, type=_Ids).ids

    async def _listed(
        self, products: Sequence[Product], query: ProductQuery
    ) -> list[ProductListed]:
        is_plain = query.currency in (None, self._currency)
        if is_plain and not query.includes_stock:
            return [ProductListed.of(each, currency=query.currency) for each in products]
        variants = await self._products.variants_of([each.id for each in products])
        offers: dict[UUID, Offer] = {}
        if query.currency is not None and not is_plain:
            them = [each for its in variants.values() for each in its if each.is_active]
            sold = await self._products.sold_in(them, query.currency)
            offers = lowest_offers_of(sold)
            products = [each for each in products if each.id in offers]
        return [
            ProductListed.of(
                each,
                offers.get(each.id),
                query.currency,
                variants[each.id] if query.includes_stock else (),
            )
            for each in products
        ]

    async def change(
        self,
        caller: Caller,
        product_id: UUID,
        change: ProductChange,
        if_match: str | None = None,
        source_version: int | None = None,
    ) -> ProductRead:
        """Change a product; a counted stock is recorded as its difference from the stored one.

        If the sender numbers its changes, a change is made only if no later one was made before.

        Raises:
            ProductNotFound, PreconditionFailed, SkuTaken: nothing is changed.
            VariantRequired: the product has several variants, and the change is one of a variant.
        """
        changes = dict(change.changes())
        categories = await self.find_categories([changes.get("category")])
        product = await self._products.get(product_id, lock=True)
        variants = list(product.variants)
        shown = ProductRead.of(product, variants, self._low_stock_at)
        require_match(if_match, shown)
        if source_version is not None:
            if source_version <= (product.source_version or 0):
                return shown
            product.source_version = source_version
        now, before = self._clock.now(), stock_of(variants)
        if of_variant := {name: changes.pop(name) for name in _OF_VARIANT & changes.keys()}:
            only = only_variant(product, variants)
            await self._changes.change_variant(caller, product, only, of_variant, now)
        _apply(product, changes, categories)
        return await self._changes.store(product, variants, before, now)

    async def find_categories(self, names: Iterable[str | None]) -> dict[str, UUID]:
        """Return the categories with these names for the rest of the transaction, or create them.

        This is called before products are locked: the order of the locks prevents deadlocks.
        """
        given = {name for name in names if name is not None}
        return await self._categories.ids_of(given, self._clock.now()) if given else {}

    async def lock(self, product_ids: Collection[UUID]) -> None:
        """Lock products until the transaction ends."""
        await self._products.lock(product_ids)

    async def currency_in_use(self) -> str | None:
        """Return the currency of the prices; None without products."""
        return await self._products.currency_in_use()

    async def existing(self, product_ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that belong to products."""
        return await self._products.existing(product_ids)

    async def archive(self, product_id: UUID, if_match: str | None = None) -> None:
        """Archive a product; orders that contain it keep it.

        Raises:
            ProductNotFound: the product does not exist.
            PreconditionFailed: the resource has changed since the caller read it.
        """
        product = await self._products.get(product_id, lock=True)
        variants = list(product.variants)
        require_match(if_match, ProductRead.of(product, variants, self._low_stock_at))
        now = self._clock.now()
        product.archived_at, product.is_active = now, False
        await self._changes.store(product, variants, {}, now)


def _apply(product: Product, changes: Mapping[str, Any], categories: Mapping[str, UUID]) -> None:
    if (category := changes.get("category")) not in (None, product.category):
        product.primary_category_id = categories[category]
    for name, value in changes.items():
        setattr(product, name, value)

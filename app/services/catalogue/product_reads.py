"""Reads products that are requested at the same time together."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from app.cache.representation import Representation
from app.database.deadline import limited
from app.errors import DomainError, ProductNotFound, Unavailable
from app.models import Product, Variant
from app.observability.tracing import batch_span, context_headers
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.product_schema import ProductRead
from app.services.batches import Batches
from app.services.catalogue.listing import require_sold

_MAX_TOGETHER = 100
# While the database reads the products of one batch, those of another are rendered.
_BATCHES_AT_ONCE = 2

Begin = Callable[[], AbstractAsyncContextManager[ProductRepository]]
"""Opens a session for reads."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A requested product, in a currency or with the prices in that of the shop."""

    product_id: UUID
    currency: str | None
    headers: dict[str, str]
    future: asyncio.Future[Representation]


class ProductReads:
    """Reads products; those that are requested while others are read form the next batch.

    A product is never read by a statement that began before its request, so that each caller gets
    all that was committed before it. If nothing is being read, a product is read at once.
    """

    def __init__(self, begin: Begin, low_stock_at: int) -> None:
        self._begin = begin
        self._low_stock_at = low_stock_at
        self._batches = Batches(self._settle, _MAX_TOGETHER, at_once=_BATCHES_AT_ONCE)

    async def read(self, product_id: UUID, currency: str | None = None) -> Representation:
        """Return a product; with a currency, only the variants that are sold in it.

        Raises:
            ProductNotFound: the product does not exist.
            NotSoldInCurrency: none of its variants has a price in the currency.
            Unavailable: the database does not answer.
        """
        future: asyncio.Future[Representation] = asyncio.get_running_loop().create_future()
        self._batches.add(_Waiting(product_id, currency, context_headers(), future))
        try:
            async with limited():
                return await future
        finally:
            # An exception would contain the future, and the future the exception.
            del future

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        batch = [each for each in batch if not each.future.done()]
        if not batch:
            return
        try:
            with batch_span("read products", "INTERNAL", [each.headers for each in batch]):
                async with limited(), self._begin() as products:
                    await self._read(products, batch)
        except Exception as error:  # pylint: disable=broad-exception-caught  # for the callers
            _refuse(batch, error)

    async def _read(self, products: ProductRepository, batch: Sequence[_Waiting]) -> None:
        found = await products.whole({each.product_id for each in batch})
        # Requests without a currency come first: `sold_in` changes the prices of the variants.
        for currency in sorted({each.currency for each in batch}, key=lambda code: code or ""):
            its = [each for each in batch if each.currency == currency]
            sold: set[Variant] | None = None
            if currency is not None:
                ids = {each.product_id for each in its} & found.keys()
                variants = [variant for each in ids for variant in found[each].variants]
                sold = set(await products.sold_in(variants, currency))
            for each in its:
                self._show(each, found.get(each.product_id), sold)

    def _show(self, waiting: _Waiting, product: Product | None, sold: set[Variant] | None) -> None:
        """Return a product to its caller; an error of one product does not affect the others."""
        if waiting.future.done():
            return
        if product is None:
            waiting.future.set_exception(ProductNotFound.of(waiting.product_id))
            return
        currency = waiting.currency
        variants = [each for each in product.variants if sold is None or each in sold]
        try:
            if currency is not None:
                require_sold(product, variants, currency)
            shown = ProductRead.of(product, variants, self._low_stock_at, currency)
            waiting.future.set_result(Representation.of(shown))
        except DomainError as refusal:
            # The traceback contains the future, which would not be freed at once.
            waiting.future.set_exception(refusal.with_traceback(None))
        except Exception as error:  # pylint: disable=broad-exception-caught  # for the caller
            waiting.future.set_exception(error)


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    for each in batch:
        if not each.future.done():
            own = error.copied() if isinstance(error, Unavailable) else error
            each.future.set_exception(own)

"""The import of products, identified by SKU."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.core.money import format_minor
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.data.product_import_repository import ProductImportRepository
from app.schemas.catalogue.product_schema import ProductChange
from app.schemas.data.import_schema import ProductRow, shown
from app.services.catalogue.new_product import Maker, columns_of
from app.services.catalogue.product_service import ProductService
from app.services.data.import_outcome import (
    CALLER,
    SOURCE,
    Differences,
    FirstRows,
    ImportOptions,
    Numbered,
    Outcome,
    change_of,
    earlier_row,
    parse_rows,
    refusal_of,
)

_COMPARED = ("name", "description", "category", "price_minor", "is_active")


class ProductImport:
    """Adds products, and changes existing ones if that is asked for."""

    def __init__(
        self,
        products: ProductRepository,
        imported: ProductImportRepository,
        service: ProductService,
        clock: Clock,
        currency: str,
        low_stock_at: int,
        options: ImportOptions,
    ) -> None:
        self._options = options
        self._products = products
        self._imported = imported
        self._service = service
        self._clock = clock
        self._currency = currency
        self._low_stock_at = low_stock_at

    async def add(self, rows: Sequence[Numbered], days: ShopDays, first_rows: FirstRows) -> Outcome:
        """Add the products whose SKU is new, with their initial stock."""
        outcome = Outcome()
        parsed = parse_rows(ProductRow, rows, days, outcome)
        existing = await self._imported.by_sku([row.sku for _, row in parsed])
        added: list[ProductRow] = []
        changed: dict[UUID, tuple[int, ProductRow, Differences]] = {}
        for number, row in parsed:
            product = existing.get(row.sku)
            if (first := earlier_row(first_rows, row.sku, number)) is not None:
                outcome.refused.append((number, f"sku: {row.sku} is in row {first} already"))
            elif product is None:
                added.append(row)
            elif not (differences := self._differences(row, product)):
                outcome.unchanged += 1
            elif product.archived_at is not None:
                outcome.refused.append((number, f"sku: product {row.sku} is archived"))
            elif product.variants_count > 1:
                outcome.refused.append((number, f"sku: {row.sku} is one of several variants"))
            elif self._options.updates_existing:
                changed[product.product_id] = (number, row, differences)
            else:
                outcome.refused.append((number, refusal_of(differences)))
        outcome.added = await self._insert(added)
        await self._change(changed, outcome)
        return outcome

    async def _insert(self, rows: Sequence[ProductRow]) -> int:
        maker = Maker(self._clock.now(), self._currency, self._low_stock_at)
        added = [maker.product(row, self._options.product_ids.get(row.sku)) for row in rows]
        await self._products.add_all(
            [columns_of(each.product) for each in added],
            [columns_of(variant) for each in added for variant in each.variants],
            [movement for each in added for movement in each.movements(SOURCE)],
        )
        return len(added)

    async def _change(
        self, changed: Mapping[UUID, tuple[int, ProductRow, Differences]], outcome: Outcome
    ) -> None:
        if not changed:
            return
        await self._service.find_categories([row.category for _, row, _ in changed.values()])
        await self._service.lock(changed)
        for product_id, (number, row, differences) in changed.items():
            names = {f"{column}_minor" if column == "price" else column for column in differences}
            values = {name: getattr(row, name) for name in names}
            # Not validated again: the price is in minor units already.
            change = ProductChange.model_construct(**values)
            await self._service.change(CALLER, product_id, change)
            outcome.updated.append((number, change_of(differences)))

    def _differences(self, row: ProductRow, product: Any) -> Differences:
        """Return what differs in the columns that the row has.

        Sales change the stock of a product: only an update sets it. One whose orders move the stock
        does not: run again, it would return what the orders of the first run took.
        """
        sets_stock = self._options.updates_existing and not self._options.moves_stock
        names = _COMPARED + (("stock_quantity",) if sets_stock else ())
        return {
            name.removesuffix("_minor"): (self._shown(name, here), self._shown(name, there))
            for name in names
            if name in row.model_fields_set
            and (here := getattr(product, name)) != (there := getattr(row, name))
        }

    def _shown(self, name: str, value: Any) -> str:
        if name == "price_minor":
            return format_minor(value, self._currency)
        return shown(value) if isinstance(value, str) else str(value).lower()

"""The import of products with their variants, identified by SKU."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.core.ids import new_id
from app.repositories.catalogue.category_path_repository import CategoryPathRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.data.product_import_repository import ProductImportRepository
from app.schemas.data.import_schema import ProductRow, VariantRow
from app.security.principal import Caller
from app.services.catalogue.listing import derive_listing
from app.services.catalogue.new_product import Maker, NewProduct, columns_of
from app.services.catalogue.product_service import ProductService
from app.services.data.import_outcome import (
    CALLER,
    FirstRows,
    ImportOptions,
    Numbered,
    Outcome,
    parse_each,
)
from app.services.data.products.product_edits import ProductEdits
from app.services.data.products.product_judgement import Judgement, Plan
from app.services.data.products.product_rows import NumberedRow, new_product


class ProductImport:
    """Adds products and variants, and changes existing ones if that is requested."""

    def __init__(
        self,
        products: ProductRepository,
        imported: ProductImportRepository,
        paths: CategoryPathRepository,
        service: ProductService,
        edits: ProductEdits,
        clock: Clock,
        currency: str,
        low_stock_at: int,
        options: ImportOptions,
    ) -> None:
        self._options = options
        self._products = products
        self._imported = imported
        self._paths = paths
        self._service = service
        self._edits = edits
        self._clock = clock
        self._currency = currency
        self._low_stock_at = low_stock_at

    async def add(self, rows: Sequence[Numbered], days: ShopDays, first_rows: FirstRows) -> Outcome:
        """Add rows with new SKUs, with their initial stock; change the others if that is requested.

        Raises:
            DomainError: a row cannot be stored; then nothing is stored.
        """
        outcome = Outcome()
        parsed = parse_each([(number, _kind_of(row), row) for number, row in rows], days, outcome)
        await self.load(CALLER, parsed, first_rows, outcome)
        return outcome

    async def load(
        self,
        caller: Caller,
        parsed: Sequence[NumberedRow],
        first_rows: FirstRows,
        outcome: Outcome,
    ) -> None:
        """Apply valid rows, and add their outcome.

        Raises:
            DomainError: a row cannot be stored; then nothing is stored.
        """
        known = await self._imported.by_sku(
            {row.sku for _, row in parsed} | {row.product_key for _, row in parsed}
        )
        has_paths = any(row.category_path is not None for _, row in parsed)
        categories = await self._paths.names_by_id() if has_paths else {}
        plan = Judgement(
            self._options, self._currency, known, categories, first_rows, outcome
        ).plan(parsed)
        await self._insert(caller, list(plan.new.values()))
        if plan.edits:
            # Categories come first, and products are locked after them.
            await self._give_categories(plan, self._clock.now())
            await self._edits.apply(caller, plan.edits)
        outcome.created |= {number for group in plan.new.values() for number, _ in group}
        outcome.created |= set(plan.added)
        outcome.added += len(outcome.created)
        outcome.updated += plan.updated

    async def _insert(self, caller: Caller, groups: Sequence[Sequence[NumberedRow]]) -> None:
        now = self._clock.now()
        maker = Maker(now, self._currency, self._low_stock_at)
        paths = {row.category_path for ((_, row), *_) in groups if row.category_path is not None}
        categories = await self._paths.ids_of(paths, now) if paths else {}
        # The ids are in the order of the rows, so that an export has the same order.
        ids = sorted(new_id(now) for _ in groups)
        added = [
            self._made(maker, [row for _, row in group], row_id, categories)
            for group, row_id in zip(groups, ids)
        ]
        await self._products.add_all(
            [columns_of(each.product) for each in added],
            [columns_of(variant) for each in added for variant in each.variants],
            [movement for each in added for movement in each.movements(caller.name)],
        )
        if self._options.announces:
            await self._edits.announce_new(added)

    def _made(
        self,
        maker: Maker,
        rows: Sequence[ProductRow],
        row_id: UUID,
        categories: Mapping[tuple[str, ...], UUID],
    ) -> NewProduct:
        first = rows[0]
        product_id = self._options.product_ids.get(first.sku, row_id)
        made = maker.product(new_product(rows), product_id)
        if first.category_path is not None:
            made.product.primary_category_id = categories[first.category_path]
        if not first.variant_is_active:
            made.variants[0].is_active = False
            derive_listing(made.product, made.variants, self._low_stock_at)
        return made

    async def _give_categories(self, plan: Plan, now: datetime) -> None:
        by_path = await self._paths.ids_of(set(plan.paths.values()), now) if plan.paths else {}
        named: dict[UUID, Any] = {
            product_id: edit.product["category"]
            for product_id, edit in plan.edits.items()
            if "category" in edit.product and product_id not in plan.paths
        }
        by_name = await self._service.find_categories(named.values())
        for product_id, name in named.items():
            plan.edits[product_id].product["primary_category_id"] = by_name[name]
        for product_id, path in plan.paths.items():
            plan.edits[product_id].product["primary_category_id"] = by_path[path]


def _kind_of(row: Mapping[str, Any]) -> type[ProductRow]:
    is_further = row.get("product_sku") not in (None, "", row.get("sku"))
    return VariantRow if is_further else ProductRow

"""The change of orders that were imported before, by another import."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.errors import Conflict
from app.models import MovementReason, OrderStatus
from app.repositories.catalogue.stock_repository import StockRepository, movement_row
from app.repositories.data.order_import_repository import OrderImportRepository
from app.repositories.data.product_import_repository import ProductImportRepository
from app.repositories.orders.order_repository import OrderRepository
from app.services.data.import_outcome import (
    CALLER,
    Differences,
    ImportOptions,
    Outcome,
    change_of,
    refusal_of,
    what_differs,
)
from app.services.data.order_rows import CHANGEABLE, OrderRows, differences_of, path_between
from app.services.orders.order_moves import OrderMoves
from app.tables.identity import comparison_key


class OrderChanges:
    """Compares orders with their rows, and changes their moment and status."""

    def __init__(
        self,
        orders: OrderRepository,
        imported: OrderImportRepository,
        stock: StockRepository,
        imported_products: ProductImportRepository,
        moves: OrderMoves,
        clock: Clock,
        currency: str,
        options: ImportOptions,
    ) -> None:
        self._orders = orders
        self._imported = imported
        self._stock = stock
        self._imported_products = imported_products
        self._moves = moves
        self._clock = clock
        self._currency = currency
        self._options = options

    async def apply(
        self,
        orders: Mapping[str, OrderRows],
        existing: Mapping[str, Any],
        user_ids: Mapping[str, UUID],
    ) -> Outcome:
        """Change the orders that differ from their rows, or refuse those rows."""
        outcome = Outcome()
        lines = await self._imported.lines_of([each.id for each in existing.values()])
        changed: dict[str, Differences] = {}
        for reference, order in orders.items():
            here = existing[reference]
            if here.source_reference is None:
                await self._imported.set_reference(here.id, reference)
            user_id = user_ids.get(comparison_key(order.first.username))
            differences = differences_of(order, here, lines[here.id], user_id, self._currency)
            if not differences:
                outcome.unchanged += len(order.rows)
            elif (reason := self._reason_of(order, here, differences)) is not None:
                outcome.refused += order.each(reason)
            else:
                changed[reference] = differences
        if changed:
            await self._moves.lock_for_moving(
                [(existing[each].id, orders[each].first.status) for each in changed]
            )
        for reference, differences in changed.items():
            order, here = orders[reference], existing[reference]
            await self._change(order, here, differences)
            outcome.updated += order.each(change_of(differences))
        return outcome

    def _reason_of(self, order: OrderRows, existing: Any, differences: Differences) -> str | None:
        """Return why an order that differs from its rows is not changed, or None."""
        if fixed := {each: found for each, found in differences.items() if each not in CHANGEABLE}:
            only = "of an order, only placed_at and status can be changed"
            return f"{what_differs(fixed)}; {only}"
        if not self._options.updates_existing:
            return refusal_of(differences)
        if "status" in differences and path_between(existing.status, order.first.status) is None:
            return f"status: an order that is {existing.status} cannot become {order.first.status}"
        return None

    async def _change(self, order: OrderRows, existing: Any, differences: Differences) -> None:
        if "placed_at" in differences:
            await self._redate(order, existing)
        if "status" in differences:
            for status in path_between(existing.status, order.first.status) or ():
                await self._moves.move(CALLER, existing.id, status)
            if order.first.status is OrderStatus.CANCELLED and not self._options.moves_stock:
                await self._keep_stock(existing.id)

    async def _redate(self, order: OrderRows, existing: Any) -> None:
        """Change the time of an order, of the first step of its history and of its sales.

        Raises:
            Conflict: the order has a later step that would come before it.
        """
        stored = await self._orders.get_whole(None, existing.id, lock=True)
        placed_at = order.first.placed_at
        for step in stored.history[1:]:
            if step.changed_at < placed_at:
                raise Conflict(
                    f"{order.name}: placed_at: is after the order became {step.to_status}"
                )
        stored.created_at = stored.history[0].changed_at = placed_at
        stored.updated_at = self._clock.now()
        stored.version += 1
        await self._orders.flush()
        await self._imported_products.redate_movements(
            {item.variant_id for item in stored.items},
            f"order {existing.id}",
            existing.created_at,
            placed_at,
        )

    async def _keep_stock(self, order_id: UUID) -> None:
        """Take the units of a cancelled order out of stock again."""
        stored = await self._orders.get_whole(None, order_id)
        now = self._clock.now()
        locked = await self._stock.lock_stock({item.variant_id for item in stored.items})
        await self._stock.move_stock(
            [
                movement_row(
                    item.variant_id, -item.quantity, MovementReason.SUPPLY, f"order {order_id}", now
                )
                for item in stored.items
            ],
            now,
            locked,
        )

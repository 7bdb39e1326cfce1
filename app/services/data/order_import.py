"""The import of orders, identified by the reference of their source."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.models import MovementReason, OrderStatus
from app.repositories.catalogue.stock_repository import StockRepository, movement_row
from app.repositories.data.order_import_repository import OrderImportRepository
from app.repositories.data.product_import_repository import ProductImportRepository
from app.repositories.data.user_import_repository import UserImportRepository
from app.repositories.orders.order_repository import OrderRepository
from app.services.carts.quoting import full_name
from app.services.data.import_outcome import SOURCE, ImportOptions, Numbered, Outcome
from app.services.data.order_change import OrderChanges
from app.services.data.order_rows import OrderRows, group_by_order, skus_of
from app.services.orders.placement import sales_in
from app.tables.identity import comparison_key
from app.tables.orders import NewLine, NewOrder, NewStep

_MAX_AHEAD = timedelta(days=1)
# A check is rolled back, but the numbers that it would take from a sequence would be lost.
_CHECK_NUMBERS = count(-1, -1)


class OrderImport:
    """Adds orders of the past, and changes existing ones if that is requested."""

    def __init__(
        self,
        orders: OrderRepository,
        imported: OrderImportRepository,
        stock: StockRepository,
        imported_products: ProductImportRepository,
        users: UserImportRepository,
        changes: OrderChanges,
        clock: Clock,
        currency: str,
        options: ImportOptions,
    ) -> None:
        self._orders = orders
        self._imported = imported
        self._stock = stock
        self._imported_products = imported_products
        self._users = users
        self._changes = changes
        self._clock = clock
        self._currency = currency
        self._options = options

    async def add(self, rows: Sequence[Numbered], days: ShopDays) -> Outcome:
        """Add the orders whose reference is new; an order is added completely or not at all."""
        outcome = Outcome()
        orders = group_by_order(rows, days, outcome)
        self._refuse_future(orders, outcome)
        user_ids = await self._users.ids_by_username(
            [each.first.username for each in orders.values()]
        )
        existing = await self._imported.find(
            {reference: order.id for reference, order in orders.items()}
        )
        if existing:
            known = {name: orders.pop(name) for name in existing}
            outcome.include(await self._changes.apply(known, existing, user_ids))
        products = await self._products_of(orders.values())
        left = {each.id: each.stock_quantity for each in products.values()}
        placed: list[NewOrder] = []
        for order in orders.values():
            user_id = user_ids.get(comparison_key(order.first.username))
            reason = self._reason_of(order, user_id, products, left)
            if reason is not None or user_id is None:
                outcome.refused += order.each(str(reason))
                continue
            placed.append(self._order(order, user_id, products))
            if placed[-1].holds_stock:
                for line in placed[-1].lines:
                    left[line.variant_id] -= line.quantity
        await self._store(placed, {each.id: each for each in products.values()})
        outcome.added += sum(len(order.lines) for order in placed)
        return outcome

    def _refuse_future(self, orders: dict[str, OrderRows], outcome: Outcome) -> None:
        latest = self._clock.now() + _MAX_AHEAD
        for reference, order in list(orders.items()):
            if order.first.placed_at > latest:
                at = order.first.placed_at.isoformat()
                outcome.refused += order.each(f"placed_at: {at} is more than a day in the future")
                del orders[reference]

    async def _products_of(self, orders: Iterable[OrderRows]) -> dict[str, Any]:
        """Return the products of orders that are not archived, locked if their stock will move."""
        products = await self._imported_products.by_sku(skus_of(orders))
        if not self._options.moves_stock:
            return {sku: each for sku, each in products.items() if each.archived_at is None}
        locked = await self._stock.lock_all([each.id for each in products.values()])
        return {each.sku: each for each in locked.values() if each.archived_at is None}

    def _reason_of(
        self,
        order: OrderRows,
        user_id: UUID | None,
        products: Mapping[str, Any],
        left: Mapping[UUID, int],
    ) -> str | None:
        """Return why a new order is refused, or None."""
        if user_id is None:
            return f"there is no user {order.first.username}"
        takes_stock = self._options.moves_stock and order.first.status is not OrderStatus.CANCELLED
        for row in order.rows:
            product = products.get(row.sku)
            if product is None:
                return f"there is no product {row.sku}"
            if takes_stock and left[product.id] < row.quantity:
                return f"{row.quantity} of {row.sku} ordered, {left[product.id]} in stock"
        return None

    def _order(self, order: OrderRows, user_id: UUID, products: Mapping[str, Any]) -> NewOrder:
        first = order.first
        lines = []
        for row in order.rows:
            product, price = products[row.sku], row.unit_price_minor
            price = product.price_minor if price is None else price
            lines.append(
                NewLine(
                    product.product_id,
                    product.id,
                    row.sku,
                    full_name(product),
                    price,
                    row.quantity,
                )
            )
        return NewOrder(
            id=order.id,
            source_reference=first.reference,
            user_id=user_id,
            currency=self._currency,
            created_at=first.placed_at,
            actor=SOURCE,
            lines=lines,
            steps=[NewStep(first.status, first.placed_at)],
        )

    async def _store(self, orders: Sequence[NewOrder], products: Mapping[UUID, Any]) -> None:
        if not orders:
            return
        sales = sales_in(orders)
        if self._options.moves_stock:
            await self._stock.move_stock(sales, self._clock.now(), products)
        else:
            await self._stock.add_movements([*map(_supply_of, sales), *sales])
        numbers = [next(_CHECK_NUMBERS) for _ in orders] if self._options.is_check else None
        await self._orders.add_placed(orders, numbers)


def _supply_of(sale: Mapping[str, Any]) -> dict[str, Any]:
    """Return a supply of the units that an order of the past sold.

    With this supply, the movements of a product add up to its stock, and those of a day to its
    sales.
    """
    return movement_row(
        sale["variant_id"],
        -sale["quantity"],
        MovementReason.SUPPLY,
        sale["source"],
        sale["created_at"],
    )

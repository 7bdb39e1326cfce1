"""The import of many products, users and orders at once, under the rules of the shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import derived_id, new_id
from app.models import MovementReason, OrderStatus, UserRole
from app.repositories.catalogue.product_repository import (
    ProductRepository,
    movement_row,
)
from app.repositories.data.user_import_repository import UserImportRepository
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.data.import_schema import OrderRow, ProductRow, UserRow, parse_row
from app.schemas.orders.order_schema import MAX_LINES
from app.services.orders.placement import sales_in
from app.tables.catalogue import search_text
from app.tables.identity import comparison_key
from app.tables.orders import NewLine, NewOrder, NewStep

SOURCE = "import"

Numbered = tuple[int, Mapping[str, Any]]
"""The number of a row in its file and the cells of the row by column."""


@dataclass(slots=True)
class Outcome:
    """The result of some rows: added, already existing, or refused with a reason each."""

    added: int = 0
    existing: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)

    def include(self, other: "Outcome") -> None:
        """Add the outcome of other rows."""
        self.added += other.added
        self.existing += other.existing
        self.refused += other.refused


class ImportService:
    """Adds the rows that do not exist yet, so that an interrupted import can simply be repeated."""

    def __init__(
        self,
        products: ProductRepository,
        users: UserImportRepository,
        orders: OrderRepository,
        clock: Clock,
        currency: str,
    ) -> None:
        self._products = products
        self._users = users
        self._orders = orders
        self._clock = clock
        self._currency = currency

    async def is_shop_in_use(self) -> bool:
        """Return whether the shop ever had a product."""
        return await self._products.has_any()

    async def add_products(self, rows: Sequence[Numbered]) -> Outcome:
        """Add the products whose SKU is new, with their initial stock."""
        outcome = Outcome()
        parsed = _parse(ProductRow, rows, outcome)
        known = set(await self._products.ids_by_sku([row.sku for _, row in parsed]))
        now = self._clock.now()
        products: list[dict[str, Any]] = []
        for _, row in parsed:
            if row.sku in known:
                outcome.existing += 1
                continue
            known.add(row.sku)
            words = search_text(row.name, row.sku, row.category, row.description)
            products.append(
                {
                    **row.model_dump(),
                    "id": new_id(now),
                    "currency": self._currency,
                    "search_text": words,
                    "created_at": now,
                    "updated_at": now,
                }
            )
        await self._products.add_all(products)
        await self._products.add_movements(
            [
                movement_row(each["id"], each["stock_quantity"], MovementReason.SUPPLY, SOURCE, now)
                for each in products
                if each["stock_quantity"]
            ]
        )
        outcome.added = len(products)
        return outcome

    async def add_users(self, rows: Sequence[Numbered]) -> Outcome:
        """Add the users whose e-mail address and username are both new, as customers."""
        outcome = Outcome()
        parsed = _parse(UserRow, rows, outcome)
        now = self._clock.now()
        users = [
            (
                number,
                {
                    **row.model_dump(),
                    "id": new_id(now),
                    "email_key": comparison_key(row.email),
                    "username_key": comparison_key(row.username),
                    "role": UserRole.CUSTOMER,
                    "created_at": now,
                    "updated_at": now,
                },
            )
            for number, row in parsed
        ]
        taken: dict[str, UUID] = dict(await self._users.taken_keys([user for _, user in users]))
        added: list[dict[str, Any]] = []
        for number, user in users:
            by_email, by_name = taken.get(user["email_key"]), taken.get(user["username_key"])
            if by_email is None and by_name is None:
                taken[user["email_key"]] = taken[user["username_key"]] = user["id"]
                added.append(user)
            elif by_email == by_name:
                outcome.existing += 1
            else:
                field_name = "email" if by_email else "username"
                outcome.refused.append((number, f"{field_name}: belongs to another user"))
        await self._users.add_all(added)
        outcome.added = len(added)
        return outcome

    async def add_orders(self, rows: Sequence[Numbered]) -> Outcome:
        """Add the orders whose reference is new; an order is added whole or not at all."""
        outcome = Outcome()
        baskets = _group_by_order(rows, outcome)
        existing = await self._orders.existing([basket.id for basket in baskets])
        outcome.existing += sum(len(basket.rows) for basket in baskets if basket.id in existing)
        baskets = [basket for basket in baskets if basket.id not in existing]
        usernames = await self._users.ids_by_username([basket.first.username for basket in baskets])
        by_sku = await self._lock_products(baskets)
        left = {product.id: product.stock_quantity for product in by_sku.values()}
        orders: list[NewOrder] = []
        for basket in baskets:
            user_id = usernames.get(comparison_key(basket.first.username))
            reason = _refusal_of(basket, user_id, by_sku, left)
            if reason is not None or user_id is None:
                outcome.refused.append((basket.number, f"order {basket.first.reference}: {reason}"))
                continue
            order = self._order(basket, user_id, by_sku)
            if order.holds_stock:
                for line in order.lines:
                    left[line.product_id] -= line.quantity
            orders.append(order)
        await self._store(orders)
        outcome.added += sum(len(order.lines) for order in orders)
        return outcome

    async def _lock_products(self, baskets: Sequence["_OrderRows"]) -> dict[str, Any]:
        skus = {row.sku for basket in baskets for row in basket.rows}
        ids = await self._products.ids_by_sku(skus)
        products = await self._products.lock_all(ids.values())
        return {product.sku: product for product in products.values()}

    def _order(self, basket: "_OrderRows", user_id: UUID, by_sku: Mapping[str, Any]) -> NewOrder:
        placed_at = basket.first.placed_at
        return NewOrder(
            id=basket.id,
            user_id=user_id,
            currency=self._currency,
            created_at=placed_at,
            actor=SOURCE,
            lines=[
                NewLine(
                    by_sku[row.sku].id,
                    row.sku,
                    by_sku[row.sku].name,
                    (
                        by_sku[row.sku].price_minor
                        if row.unit_price_minor is None
                        else row.unit_price_minor
                    ),
                    row.quantity,
                )
                for row in basket.rows
            ],
            steps=[NewStep(basket.first.status, placed_at)],
        )

    async def _store(self, orders: Sequence[NewOrder]) -> None:
        if not orders:
            return
        await self._products.move_stock(sales_in(orders), self._clock.now())
        await self._orders.add_placed(orders)


class _OrderRows:
    """The rows of one order."""

    def __init__(self, number: int, rows: list[OrderRow]) -> None:
        self.number = number
        self.rows = rows
        self.first = rows[0]
        self.id = derived_id(self.first.placed_at, "order", self.first.reference)


def _parse(kind: Any, rows: Sequence[Numbered], outcome: Outcome) -> list[tuple[int, Any]]:
    parsed = []
    for number, row in rows:
        result = parse_row(kind, row)
        if isinstance(result, str):
            outcome.refused.append((number, result))
        else:
            parsed.append((number, result))
    return parsed


def _group_by_order(rows: Sequence[Numbered], outcome: Outcome) -> list[_OrderRows]:
    """Return the orders of some rows; one wrong row refuses its whole order."""
    baskets: dict[UUID, _OrderRows] = {}
    for _, group in groupby(rows, key=lambda numbered: numbered[1].get("reference")):
        numbered_rows = list(group)
        wrong = Outcome()
        parsed = _parse(OrderRow, numbered_rows, wrong)
        if wrong.refused:
            outcome.refused += wrong.refused
            continue
        basket = _OrderRows(numbered_rows[0][0], [row for _, row in parsed])
        if any(_header(row) != _header(basket.first) for row in basket.rows):
            outcome.refused.append(
                (basket.number, "the rows of an order must agree in all but product and price")
            )
        elif len(basket.rows) > MAX_LINES:
            outcome.refused.append(
                (basket.number, f"order {basket.first.reference}: has more than {MAX_LINES} rows")
            )
        elif len({row.sku for row in basket.rows}) < len(basket.rows):
            outcome.refused.append(
                (basket.number, f"order {basket.first.reference}: a product occurs twice")
            )
        else:
            baskets[basket.id] = basket
    return list(baskets.values())


def _header(row: OrderRow) -> tuple[object, ...]:
    return (row.reference, row.username, row.placed_at, row.status)


def _refusal_of(
    basket: _OrderRows, user_id: UUID | None, by_sku: Mapping[str, Any], left: Mapping[UUID, int]
) -> str | None:
    """Return why an order is refused, or None."""
    if user_id is None:
        return f"there is no user {basket.first.username}"
    for row in basket.rows:
        product = by_sku.get(row.sku)
        if product is None:
            return f"there is no product {row.sku}"
        if row.status is not OrderStatus.CANCELLED and left[product.id] < row.quantity:
            return f"{row.quantity} of {row.sku} ordered, {left[product.id]} in stock"
    return None

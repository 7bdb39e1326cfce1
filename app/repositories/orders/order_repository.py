"""Queries over orders."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from msgspec.structs import asdict, fields
from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.cache.areas.orders import order_tags
from app.core.email_addresses import address_key
from app.database.sessions import mark_changed
from app.errors import OrderNotFound
from app.models import (
    Order,
    OrderAdjustment,
    OrderChange,
    OrderItem,
    OrderStatus,
    OrderTax,
    Shipment,
    User,
)
from app.repositories.base import Repository
from app.repositories.bulk import (
    Shape,
    among,
    among_given,
    insert_of,
    insert_rows,
    shape_of,
    table_of,
    values_of,
)
from app.repositories.orders.cleared_orders import without_customer
from app.schemas.orders.order_schema import OrderQuery
from app.tables.orders import Contact, NewOrder

_NEXT_NUMBER: ColumnElement[int] = literal_column("nextval('order_numbers')")
_orders = table_of(Order)
_items = table_of(OrderItem)
_changes = table_of(OrderChange)
_taxes = table_of(OrderTax)
_adjustments = table_of(OrderAdjustment)
_NO_CONTACT = dict.fromkeys(each.name for each in fields(Contact))

_SORT_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "created_at": Order.created_at,
    "number": Order.number,
    "total": Order.total_minor,
}
WHOLE = (
    selectinload(Order.items),
    selectinload(Order.history),
    selectinload(Order.taxes),
    selectinload(Order.adjustments),
    selectinload(Order.cancellations),
    selectinload(Order.shipments),
)
"""The loader options for orders with all their parts."""
_AT_ONCE = {"shipments": (joinedload(Shipment.lines),)}
_LAST_NUMBER = select(func.coalesce(func.max(Order.number), 0))


@cache
def _unpaid(dialect: str, customer: Any) -> Select[Any]:
    return (
        select(customer, func.count(), func.min(_orders.c.pay_by))
        .where(_orders.c.pay_by.is_not(None), among_given(dialect, customer, "keys"))
        .group_by(customer)
    )


@cache
def _numbered(shape: Shape) -> Select[Any]:
    """Return PostgreSQL's statement that adds orders with the next numbers, and returns these."""
    (orders, names), *others = shape
    added = insert_of(orders, names, number=_NEXT_NUMBER)
    added = added.returning(orders.c.id, orders.c.number).cte()
    return select(added).add_cte(*(insert_of(table, its).cte() for table, its in others))


@cache
def _part(part: InstrumentedAttribute[Any]) -> Select[Any]:
    """Return the statement that reads a part of the order `order_id`, built once."""
    relation = part.property
    ((_, order_id),) = relation.local_remote_pairs
    return (
        select(relation.entity.class_)
        .where(order_id == bindparam("order_id", type_=order_id.type))
        .order_by(*relation.order_by)
        .options(*_AT_ONCE.get(part.key, ()))
        .execution_options(populate_existing=True)
    )


class OrderRepository(Repository[Order]):
    """Orders with their items and history."""

    model = Order
    not_found = OrderNotFound

    async def get_whole(self, owner: UUID | None, order_id: UUID, *, lock: bool = False) -> Order:
        """Return an order of `owner`, or of any user if it is None, with its items and history.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """
        query = self._owned(owner).where(Order.id == order_id)
        order = await self._one(query, order_id, lock=lock)
        await self._load(order, Order.items, Order.history)
        # Most orders have none of these parts.
        parts = {
            Order.taxes: any(item.tax_rate_ppm is not None for item in order.items),
            Order.cancellations: any(item.cancelled_quantity for item in order.items),
            Order.adjustments: order.email is not None or order.discount_minor > 0,
            Order.shipments: any(item.shipped_quantity for item in order.items),
        }
        await self._load(order, *(part for part, is_there in parts.items() if is_there))
        for part, is_there in parts.items():
            if not is_there:
                set_committed_value(order, part.key, [])
        return order

    async def _load(self, order: Order, *parts: InstrumentedAttribute[Any]) -> None:
        """Read parts of an order, each by one statement; SQLAlchemy would read its row, too."""
        for part in parts:
            rows = await self.session.scalars(_part(part), {"order_id": order.id})
            set_committed_value(order, part.key, rows.unique().all())

    async def owned(self, owner: UUID | None, order_id: UUID) -> Order:
        """Return an order of `owner`, or of any user if it is None, without its items.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """
        return await self._one(self._owned(owner).where(Order.id == order_id), order_id)

    async def flush_line(self, item: OrderItem) -> None:
        """Write a changed line, and read its product again, which SQLAlchemy expires."""
        await self.flush()
        await self.session.refresh(item, ["product_id"])

    async def variant_ids_in(self, ids: Collection[UUID]) -> set[UUID]:
        """Return the variants of orders."""
        query = select(OrderItem.variant_id).where(among(self.session, OrderItem.order_id, ids))
        return set(await self.session.scalars(query))

    async def find(
        self, owner: UUID | None, query: OrderQuery
    ) -> tuple[Sequence[Order], str | None]:
        """Return a page of the orders of `owner` or of all users, and the next cursor."""
        return await self.page(
            self._chosen(owner, query),
            _SORT_COLUMNS[query.sort.removeprefix("-")],
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def count(self, owner: UUID | None, query: OrderQuery) -> int:
        """Return the number of the orders of `owner` or of all, up to the limit of a count."""
        return await self.bounded_count(self._chosen(owner, query))

    def _chosen(self, owner: UUID | None, query: OrderQuery) -> Select[Order]:
        rows = self._owned(owner)
        if query.status is not None:
            rows = rows.where(Order.status == query.status)
        if query.user_id is not None:
            rows = rows.where(Order.user_id == query.user_id)
        if query.number is not None:
            rows = rows.where(Order.number == query.number)
        if query.email is not None:
            rows = rows.where(Order.id.in_(_written_to(query.email)))
        if query.placed_from is not None:
            rows = rows.where(Order.created_at >= query.placed_from)
        if query.placed_before is not None:
            rows = rows.where(Order.created_at < query.placed_before)
        return rows

    async def add_placed(
        self, orders: Sequence[NewOrder], numbers: list[int] | None = None
    ) -> list[int]:
        """Add orders with their items and history, and return their numbers.

        The numbers are the next ones unless they are given. The bulk statements take a fifth of the
        processor time of a unit of work.
        """
        # The sender chose the id and may have queried it already.
        mark_changed(self.session, order_tags(order.id for order in orders))
        rows = [_order_row(order) for order in orders]
        parts = (
            (_items, [row for order in orders for row in _item_rows(order)]),
            (_changes, [row for order in orders for row in _change_rows(order)]),
            (_taxes, [row for order in orders for row in _tax_rows(order)]),
            (_adjustments, [row for order in orders for row in _adjustment_rows(order)]),
        )
        if numbers is None and self.session.get_bind().dialect.name == "postgresql":
            return await self._add_numbered((_orders, rows), *parts)
        if numbers is None:
            # No other transaction writes to a SQLite database at the same time.
            last = await self.last_number()
            numbers = list(range(last + 1, last + len(rows) + 1))
        rows = [row | {"number": number} for row, number in zip(rows, numbers, strict=True)]
        await insert_rows(self.session, (_orders, rows), *parts)
        return numbers

    async def _add_numbered(self, *parts: tuple[Table, list[dict[str, Any]]]) -> list[int]:
        filled = [part for part in parts if part[1]]
        statement = _numbered(shape_of(filled))
        added = await self.session.execute(statement, values_of(*filled))
        numbers = {row.id: row.number for row in added}
        return [numbers[row["id"]] for row in parts[0][1]]

    async def has_any_of_user(self, user_id: UUID) -> bool:
        """Return whether the user ever ordered."""
        return bool(await self.session.scalar(select(exists().where(Order.user_id == user_id))))

    async def all_of_user(self, user_id: UUID) -> Sequence[Order]:
        """Return all orders of a user with their items and history, the oldest first."""
        query = (
            select(Order)
            .where(Order.user_id == user_id)
            .order_by(Order.created_at, Order.id)
            .options(*WHOLE)
        )
        return (await self.session.scalars(query)).all()

    async def clear_customers(self, user_id: UUID, finished: Collection[OrderStatus]) -> None:
        """Clear the personal data in the finished orders of a user, except for the country."""
        query = select(Order.id, Order.delivery_address, Order.billing_address, Order.email).where(
            Order.user_id == user_id,
            Order.status.in_(finished),
            or_(Order.delivery_address.is_not(None), Order.email.is_not(None)),
        )
        for row in await self.session.execute(query):
            mark_changed(self.session, order_tags([row.id]))
            cleared = without_customer(row)
            await self.session.execute(update(Order).where(Order.id == row.id).values(cleared))

    async def unpaid_of(
        self, user_ids: Collection[UUID], email_keys: Collection[str]
    ) -> dict[UUID | str, tuple[int, datetime]]:
        """Return how many orders of users and guests wait to be paid, and the first expiry.

        Customers without such orders are left out.
        """
        found: dict[UUID | str, tuple[int, datetime]] = {}
        dialect = self.session.get_bind().dialect.name
        for column, keys in ((_orders.c.user_id, user_ids), (_orders.c.email_key, email_keys)):
            if keys:
                rows = await self.session.execute(_unpaid(dialect, column), {"keys": list(keys)})
                found |= {key: (count, first) for key, count, first in rows}
        return found

    async def last_number(self) -> int:
        """Return the highest order number; 0 without orders."""
        return await self.session.scalar(_LAST_NUMBER) or 0

    def _owned(self, owner: UUID | None) -> Select[Order]:
        return self.query() if owner is None else self.query().where(Order.user_id == owner)


def _written_to(email: str) -> Any:
    """Return the ids of the orders of the user and of the guests with an e-mail address."""
    key = address_key(email)
    users = select(User.id).where(User.email_key == key)
    # A union uses two indexes: with OR, SQLite would scan all orders.
    named = select(Order.id).where(Order.email_key == key)
    return named.union(select(Order.id).where(Order.user_id.in_(users)))


def _order_row(order: NewOrder) -> dict[str, Any]:
    return {
        "id": order.id,
        "source_reference": order.source_reference,
        "user_id": order.user_id,
        "status": order.steps[-1].to_status,
        "delivery_address": order.delivery_address,
        "units": order.units,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "prices_include_tax": order.prices_include_tax,
        "discount_minor": order.discount_minor,
        "shipping_method": order.shipping.method,
        "shipping_minor": order.shipping.total_minor,
        "tax_minor": order.tax_minor,
        "created_at": order.created_at,
        "updated_at": order.steps[-1].changed_at,
        "version": len(order.steps),
        **(_NO_CONTACT if order.contact is None else asdict(order.contact)),
    }


def _item_rows(order: NewOrder) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order.id,
            "position": position,
            "variant_id": line.variant_id,
            "sku": line.sku,
            "name": line.name,
            "unit_price_minor": line.unit_price_minor,
            "quantity": line.quantity,
            "discount_minor": line.discount_minor,
            "tax_minor": line.tax_minor,
            "tax_rate_ppm": line.tax_rate_ppm,
            "tax_class": line.tax_class,
            "tax_reason": line.tax_reason,
        }
        for position, line in enumerate(order.lines, start=1)
    ]


def _change_rows(order: NewOrder) -> list[dict[str, Any]]:
    befores = [None, *(step.to_status for step in order.steps)]
    return [
        {
            "order_id": order.id,
            "position": position,
            "from_status": before,
            "to_status": step.to_status,
            "actor": order.actor,
            "changed_at": step.changed_at,
        }
        for position, (before, step) in enumerate(zip(befores, order.steps), start=1)
    ]


def _tax_rows(order: NewOrder) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order.id,
            "rate_ppm": tax.rate_ppm,
            "reason": tax.reason,
            "net_minor": tax.net_minor,
            "tax_minor": tax.tax_minor,
        }
        for tax in order.taxes
    ]


def _adjustment_rows(order: NewOrder) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order.id,
            "seq": seq,
            "position": each.position,
            "promotion_id": each.promotion_id,
            "code": each.code,
            "label": each.label,
            "amount_minor": each.amount_minor,
        }
        for seq, each in enumerate(order.adjustments, start=1)
    ]

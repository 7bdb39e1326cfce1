"""Queries over the promotions of carts, and over their uses by orders."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Select,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.models import Coupon, Order, OrderStatus, Promotion, Redemption, Trigger, User
from app.repositories.base import lock_rows
from app.repositories.bulk import among, among_given, insert_rows, table_of

_promotions, _coupons = table_of(Promotion), table_of(Coupon)
_redemptions = table_of(Redemption)


class History(Struct, frozen=True):
    """The earlier orders of customers."""

    uses: Mapping[tuple[str, UUID], int] = {}
    """The number of orders of a customer that used a promotion and were not cancelled, if not 0."""
    customers: frozenset[str] = frozenset()
    """All keys of the customers who have an order that was not cancelled."""


@cache
def _history(dialect: str) -> CompoundSelect[Any]:
    uses = (
        select(
            _redemptions.c.customer_key,
            _redemptions.c.promotion_id,
            func.count(),
            literal(None, Uuid()),
        )
        .where(
            among_given(dialect, _redemptions.c.customer_key, "customer_keys"),
            _redemptions.c.undone_at.is_(None),
            among_given(dialect, _redemptions.c.promotion_id, "promotion_ids"),
        )
        .group_by(_redemptions.c.customer_key, _redemptions.c.promotion_id)
    )
    orders = exists().where(
        Order.user_id == User.id,
        Order.status != OrderStatus.CANCELLED,
        ~among_given(dialect, Order.id, "order_ids"),
    )
    named = or_(
        among_given(dialect, User.id, "user_ids"), among_given(dialect, User.email_key, "emails")
    )
    customers = select(User.email_key, literal(None, Uuid()), literal(1), User.id)
    return uses.union_all(customers.where(named, orders))


@cache
def _offered(dialect: str) -> Select[Promotion, Coupon]:
    """Return the promotions of the keys and the automatic ones of a moment, with their coupons."""
    # Because of the limit, SQLite looks for the codes first, and not for all coupons of each
    # promotion.
    chosen = select(Coupon).where(among_given(dialect, Coupon.code_key, "keys"))
    entered = aliased(Coupon, chosen.limit(bindparam("count")).subquery())
    at: BindParameter[datetime] = bindparam("at")
    applies = and_(
        Promotion.trigger == Trigger.AUTOMATIC,
        Promotion.is_active,
        or_(Promotion.starts_at.is_(None), Promotion.starts_at <= at),
        or_(Promotion.ends_at.is_(None), Promotion.ends_at > at),
    )
    return (
        select(Promotion, entered)
        .outerjoin(entered, entered.promotion_id == Promotion.id)
        .where(Promotion.archived_at.is_(None), or_(entered.id.is_not(None), applies))
        .order_by(Promotion.priority, Promotion.id)
        .execution_options(populate_existing=True)
    )


class RedemptionRepository:
    """Promotions of carts, and their uses."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def offered(self, keys: Collection[str], now: datetime) -> Sequence[Any]:
        """Return the automatic promotions that apply now, and those of codes with their coupons.

        Each row is a promotion with a coupon or None.
        """
        statement = _offered(self._session.get_bind().dialect.name)
        given = {"keys": list(keys), "count": len(keys), "at": now}
        rows = await self._session.execute(statement, given)
        return rows.all()

    async def history(
        self,
        customer_keys: Collection[str],
        promotion_ids: Collection[UUID],
        order_ids: Collection[UUID],
    ) -> History:
        """Return how often customers used promotions, and which customers have other orders."""
        emails = [each for each in customer_keys if "@" in each]
        given = {
            "customer_keys": list(customer_keys),
            "promotion_ids": list(promotion_ids),
            "order_ids": list(order_ids),
            "emails": emails,
            "user_ids": [UUID(each) for each in customer_keys if "@" not in each],
        }
        statement = _history(self._session.get_bind().dialect.name)
        uses: dict[tuple[str, UUID], int] = {}
        customers: set[str] = set()
        for key, promotion_id, count, user_id in await self._session.execute(statement, given):
            if promotion_id is None:
                customers |= {key, str(user_id)}
            else:
                uses[key, promotion_id] = count
        return History(uses, frozenset(customers))

    async def lock(
        self, promotion_ids: Collection[UUID], keys: Collection[str]
    ) -> tuple[dict[UUID, Any], dict[str, Any]]:
        """Lock promotions, then coupons, each in the order of their ids.

        Return the promotions that were not archived by id, and the coupons by the keys of their
        codes.
        """
        promotions = await self._session.execute(
            select(_promotions)
            .where(
                among(self._session, _promotions.c.id, promotion_ids),
                _promotions.c.archived_at.is_(None),
            )
            .order_by(_promotions.c.id)
            .with_for_update()
        )
        by_id = {row.id: row for row in promotions}
        if not keys:
            return by_id, {}
        coupons = await self._session.execute(
            select(_coupons)
            .where(among(self._session, _coupons.c.code_key, keys))
            .order_by(_coupons.c.id)
            .with_for_update()
        )
        return by_id, {row.code_key: row for row in coupons}

    async def count_uses(
        self, promotions: Mapping[UUID, int], coupons: Mapping[UUID, int]
    ) -> tuple[set[UUID], set[UUID]]:
        """Count uses of promotions and coupons within their limits; return the counted ones."""
        return await self._count(_promotions, promotions), await self._count(_coupons, coupons)

    async def _count(self, table: Any, uses: Mapping[UUID, int]) -> set[UUID]:
        columns, counted = table.c, set[UUID]()
        for times in sorted(set(uses.values())):
            ids = [each for each, count in uses.items() if count == times]
            counted |= set(
                await self._session.scalars(
                    update(table)
                    .where(
                        among(self._session, columns.id, ids),
                        or_(
                            columns.usage_limit.is_(None),
                            columns.used + times <= columns.usage_limit,
                        ),
                    )
                    .values(used=columns.used + times)
                    .returning(columns.id)
                )
            )
        return counted

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add redemptions, given as columns."""
        await insert_rows(self._session, (_redemptions, rows))

    async def undo(self, order_id: UUID, at: datetime) -> None:
        """Undo the uses by an order, and subtract them from the counts."""
        own = and_(_redemptions.c.order_id == order_id, _redemptions.c.undone_at.is_(None))
        promotions = select(_redemptions.c.promotion_id).where(own)
        coupons = select(_redemptions.c.coupon_id).where(own)
        # The order of the locks is the same as when promotions are used.
        await lock_rows(self._session, _promotions.c.id, _promotions.c.id.in_(promotions))
        await lock_rows(self._session, _coupons.c.id, _coupons.c.id.in_(coupons))
        undone = await self._session.execute(
            update(_redemptions)
            .where(own)
            .values(undone_at=at)
            .returning(_redemptions.c.promotion_id, _redemptions.c.coupon_id)
        )
        rows = undone.all()
        await self._give_back(_promotions, {row.promotion_id for row in rows})
        await self._give_back(_coupons, {row.coupon_id for row in rows} - {None})

    async def forget_customer(self, order_id: UUID) -> None:
        """Clear the customer of the uses of an order; they no longer count for anybody."""
        await self._session.execute(
            update(_redemptions)
            .where(_redemptions.c.order_id == order_id)
            .values(customer_key="anonymised")
        )

    async def _give_back(self, table: Any, ids: Collection[UUID]) -> None:
        if ids:
            chosen = among(self._session, table.c.id, ids)
            await self._session.execute(update(table).where(chosen).values(used=table.c.used - 1))

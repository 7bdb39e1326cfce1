"""Queries over carts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, or_, select
from sqlalchemy.orm import joinedload

from app.errors import CartNotFound
from app.models import Cart, CartLine, ShippingMethod, User
from app.repositories.base import Repository, lock_rows
from app.repositories.bulk import among, table_of

_carts = table_of(Cart)
_lines = table_of(CartLine)
_QUOTED = (
    select(Cart)
    .options(joinedload(Cart.shipping_method).joinedload(ShippingMethod.rates))
    .execution_options(populate_existing=True)
)
_BY_ID = _QUOTED.where(Cart.id == bindparam("cart_id"))
_LOCK = select(_carts.c.id).where(_carts.c.id == bindparam("cart_id")).with_for_update()


class CartRepository(Repository[Cart]):
    """Carts with their shipping methods."""

    model = Cart
    not_found = CartNotFound

    def query(self) -> Select[Cart]:
        """Return the carts, with the shipping methods that their quotes need."""
        return _QUOTED

    async def find(self, cart_id: UUID, *, lock: bool = False) -> Cart | None:
        """Return a cart if it exists; `lock` keeps others from changing it."""
        if lock:
            await self.session.execute(_LOCK, {"cart_id": cart_id})
        rows = await self.session.scalars(_BY_ID, {"cart_id": cart_id})
        return rows.unique().one_or_none()

    async def renewed(self, cart: Cart) -> Cart:
        """Return a changed cart with its current shipping method."""
        await self.flush()
        rows = await self.session.scalars(_BY_ID, {"cart_id": cart.id})
        return rows.unique().one()

    async def lock_user(self, user_id: UUID) -> None:
        """Prevent others from opening a cart of a user."""
        await lock_rows(self.session, User.id, User.id == user_id, keeps_key=True)

    async def of_user(self, user_id: UUID) -> UUID | None:
        """Return the cart of a user that is not ordered, if there is one."""
        found: UUID | None = await self.session.scalar(
            select(Cart.id).where(Cart.user_id == user_id, Cart.order_id.is_(None))
        )
        return found

    async def of_order(self, order_id: UUID) -> Cart | None:
        """Return the cart of an order, locked."""
        await lock_rows(self.session, Cart.id, Cart.order_id == order_id)
        rows = await self.session.scalars(self.query().where(Cart.order_id == order_id))
        return rows.unique().one_or_none()

    async def all_of_user(self, user_id: UUID) -> Sequence[Cart]:
        """Return the carts of a user."""
        rows = await self.session.scalars(self.query().where(Cart.user_id == user_id))
        return rows.unique().all()

    async def delete_of_user(self, user_id: UUID) -> None:
        """Delete the carts of a user, and those of guests that became part of them."""
        await self.session.execute(delete(Cart).where(Cart.user_id == user_id))

    async def lock_open_of_guest(self, email_key: str) -> None:
        """Prevent guests with a key from ordering their carts."""
        own = and_(self._of_guest(email_key), Cart.order_id.is_(None))
        await lock_rows(self.session, Cart.id, own)

    async def all_of_guest(self, email_key: str, *, lock: bool = False) -> Sequence[Cart]:
        """Return the carts of guests with a key, without those that users have claimed."""
        own = self._of_guest(email_key)
        if lock:
            await lock_rows(self.session, Cart.id, own)
        query = self.query().where(own).order_by(Cart.created_at, Cart.id)
        return (await self.session.scalars(query)).unique().all()

    def _of_guest(self, email_key: str) -> ColumnElement[bool]:
        return and_(
            Cart.email_key == email_key, Cart.user_id.is_(None), Cart.merged_into_id.is_(None)
        )

    async def delete_old(
        self, now: datetime, *, empty: timedelta, guest: timedelta, user: timedelta, limit: int
    ) -> int:
        """Delete carts that have not been changed for these times; return how many."""
        columns = _carts.c
        has_lines = exists().where(_lines.c.cart_id == columns.id)
        # A guest finds the order through the cart.
        is_kept = or_(columns.user_id.is_not(None), columns.order_id.is_not(None))
        is_old = or_(
            and_(is_kept, columns.touched_at < now - user),
            and_(~is_kept, columns.touched_at < now - guest),
            and_(
                columns.touched_at < now - empty,
                columns.merged_into_id.is_(None),
                ~has_lines,
            ),
        )
        old = select(columns.id).where(columns.touched_at < now - empty, is_old).limit(limit)
        ids = list(await self.session.scalars(old.with_for_update(skip_locked=True)))
        if ids:
            await self.session.execute(delete(Cart).where(among(self.session, Cart.id, ids)))
        return len(ids)

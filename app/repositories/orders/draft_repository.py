"""Queries over drafts of orders."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import joinedload

from app.errors import DraftNotFound
from app.models import OrderDraft, ShippingMethod
from app.repositories.base import Repository, lock_rows
from app.repositories.bulk import among
from app.schemas.page_schema import PageQuery


class DraftRepository(Repository[OrderDraft]):
    """Drafts with their shipping methods."""

    model = OrderDraft
    not_found = DraftNotFound

    def query(self) -> Select[OrderDraft]:
        """Return the drafts, with the shipping methods that their quotes need."""
        shipping = joinedload(OrderDraft.shipping_method).joinedload(ShippingMethod.rates)
        return select(OrderDraft).options(shipping).execution_options(populate_existing=True)

    async def get(self, row_id: UUID, *, lock: bool = False) -> OrderDraft:
        """Return a draft; `lock` keeps others from changing it.

        Raises:
            DraftNotFound: the draft does not exist.
        """
        if lock:
            await lock_rows(self.session, OrderDraft.id, OrderDraft.id == row_id)
        rows = await self.session.scalars(self.query().where(OrderDraft.id == row_id))
        found = rows.unique().one_or_none()
        if found is None:
            raise DraftNotFound.of(row_id)
        return found

    async def renewed(self, draft: OrderDraft) -> OrderDraft:
        """Return a changed draft with its current shipping method."""
        await self.flush()
        return await self.get(draft.id)

    async def find(self, query: PageQuery) -> tuple[Sequence[OrderDraft], str | None]:
        """Return a page of drafts, and the cursor of the next page."""
        return await self.page(
            select(OrderDraft),
            OrderDraft.created_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def users_of(self, ids: Collection[UUID]) -> set[UUID]:
        """Return the users of drafts."""
        query = select(OrderDraft.user_id).where(among(self.session, OrderDraft.id, ids))
        return {each for each in await self.session.scalars(query) if each is not None}

    async def all_of_user(self, user_id: UUID) -> Sequence[OrderDraft]:
        """Return the drafts of a user, the oldest first."""
        query = select(OrderDraft).where(OrderDraft.user_id == user_id)
        rows = await self.session.scalars(query.order_by(OrderDraft.created_at, OrderDraft.id))
        return rows.all()

    async def delete_of_user(self, user_id: UUID) -> None:
        """Delete the drafts of a user."""
        await self.session.execute(delete(OrderDraft).where(OrderDraft.user_id == user_id))

    async def delete_old(self, before: datetime, *, limit: int) -> int:
        """Delete drafts that have not been changed since a moment; return how many."""
        old = select(OrderDraft.id).where(OrderDraft.updated_at < before).limit(limit)
        ids = list(await self.session.scalars(old.with_for_update(skip_locked=True)))
        if ids:
            await self.session.execute(
                delete(OrderDraft).where(among(self.session, OrderDraft.id, ids))
            )
        return len(ids)

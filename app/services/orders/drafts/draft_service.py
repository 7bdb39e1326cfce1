"""Drafts of orders: written, shown, changed and deleted by staff."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import DraftPlaced, InvalidInput, ShippingMethodNotFound, UserNotFound
from app.models import OrderDraft
from app.repositories.carts.cart_line_repository import CartLineRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.draft_repository import DraftRepository
from app.schemas.orders.draft_schema import (
    DraftChange,
    DraftCreate,
    DraftFields,
    DraftItemCreate,
    DraftPage,
    DraftRead,
    DraftSummary,
)
from app.schemas.page_schema import PageQuery
from app.services.orders.drafts.draft_quotes import DraftQuotes
from app.services.preconditions import require_match
from app.services.shipping.shipping_service import ShippingService

_KEPT = timedelta(days=90)
_AT_ONCE = 1_000


class DraftService:
    """Writes, shows, changes and deletes drafts, which hold no stock and have no number."""

    def __init__(
        self,
        drafts: DraftRepository,
        lines: CartLineRepository,
        users: UserRepository,
        shipping: ShippingService,
        quotes: DraftQuotes,
        clock: Clock,
        currency: str,
    ) -> None:
        self._drafts = drafts
        self._lines = lines
        self._users = users
        self._shipping = shipping
        self._quotes = quotes
        self._clock = clock
        self._currency = currency

    async def write(self, data: DraftCreate) -> DraftRead:
        """Write a draft.

        Raises:
            UserNotFound, ShippingMethodNotFound: the user or the method does not exist.
            InvalidInput: a line is not sold, or the price of shipping has no method.
        """
        user_id = data.user_id
        if user_id is not None and not await self._users.existing({user_id}):
            raise UserNotFound.of(user_id)
        now = self._clock.now()
        draft = OrderDraft(
            id=new_id(now),
            user_id=user_id,
            currency=self._currency,
            discounts=[],
            note="",
            locale="",
            created_at=now,
            updated_at=now,
            version=1,
        )
        await self._choose(draft, data)
        await self._drafts.add(draft)
        return await self._quotes.document_of(await self._drafts.renewed(draft))

    async def get(self, draft_id: UUID) -> DraftRead:
        """Return a draft with its current price.

        Raises:
            DraftNotFound: the draft does not exist.
        """
        return await self._quotes.document_of(await self._drafts.get(draft_id))

    async def find(self, query: PageQuery) -> DraftPage:
        """Return a page of drafts, the newest first."""
        found, following = await self._drafts.find(query)
        return DraftPage(
            items=[DraftSummary.model_validate(each) for each in found], next=following
        )

    async def change(
        self, draft_id: UUID, change: DraftChange, if_match: str | None = None
    ) -> DraftRead:
        """Change a draft.

        Raises:
            DraftNotFound, DraftPlaced, PreconditionFailed, ShippingMethodNotFound, InvalidInput:
                nothing is changed.
        """
        draft = await self._to_change(draft_id, if_match)
        if draft.order_id is not None:
            raise DraftPlaced("its order was placed", order_id=str(draft.order_id))
        await self._choose(draft, change)
        draft.touch(self._clock.now())
        return await self._quotes.document_of(await self._drafts.renewed(draft))

    async def delete(self, draft_id: UUID, if_match: str | None = None) -> None:
        """Delete a draft; the order that was placed from it stays.

        Raises:
            DraftNotFound, PreconditionFailed: nothing is deleted.
        """
        await self._drafts.delete(await self._to_change(draft_id, if_match))

    async def _to_change(self, draft_id: UUID, if_match: str | None) -> OrderDraft:
        draft = await self._drafts.get(draft_id, lock=True)
        if if_match is not None:
            require_match(if_match, await self._quotes.document_of(draft))
        return draft

    async def delete_some_old(self) -> bool:
        """Delete some drafts of 90 days without a change; return whether there may be more."""
        before = self._clock.now() - _KEPT
        return await self._drafts.delete_old(before, limit=_AT_ONCE) == _AT_ONCE

    async def _choose(self, draft: OrderDraft, data: DraftFields) -> None:
        changes = dict(data.changes())
        changes.pop("user_id", None)
        method_id = changes.get("shipping_method_id")
        if method_id is not None and method_id not in await self._shipping.methods_of([method_id]):
            raise ShippingMethodNotFound.of(method_id)
        if "items" in changes:
            changes["items"] = await self._items(changes["items"])
        if "discounts" in changes:
            changes["discounts"] = [
                each.model_dump(exclude_none=True) for each in changes["discounts"]
            ]
        for name in ("delivery_address", "billing_address"):
            if changes.get(name) is not None:
                changes[name] = changes[name].model_dump()
        chosen = {
            name: changes.get(name, getattr(draft, name))
            for name in ("shipping_method_id", "shipping_price_minor")
        }
        if chosen["shipping_price_minor"] is not None and chosen["shipping_method_id"] is None:
            raise InvalidInput.in_body(("#/shipping_price", "needs a shipping_method_id"))
        for name, value in changes.items():
            setattr(draft, name, value)

    async def _items(self, items: Sequence[DraftItemCreate]) -> list[dict[str, Any]]:
        """Return lines in their stored form.

        Raises:
            InvalidInput: a variant is not sold, or is named twice; each is named.
        """
        variants = await self._lines.variants({each.sold_id for each in items}, self._currency)
        reasons: list[tuple[str, str]] = []
        seen: set[UUID] = set()
        for place, each in enumerate(items):
            member = "product_id" if each.names_product else "variant_id"
            row = variants[each.sold_id].row if each.sold_id in variants else None
            reason = _why_not(each, row)
            if reason is None and each.sold_id in seen:
                reason = "is named twice"
            if reason is not None:
                reasons.append((f"#/items/{place}/{member}", reason))
            seen.add(each.sold_id)
        if reasons:
            raise InvalidInput.in_body(*reasons)
        return [
            {"variant_id": str(each.sold_id)}
            | each.model_dump(include={"quantity", "unit_price_minor"}, exclude_none=True)
            for each in items
        ]


def _why_not(item: DraftItemCreate, row: Any) -> str | None:
    """Return why a line cannot be in a draft; None if it can."""
    if row is None or row.product_archived_at is not None:
        return "is not one of the shop"
    if item.names_product and (row.variants_count > 1 or row.archived_at is not None):
        return "has several variants: name one by variant_id"
    return None if row.archived_at is None else "is not one of the shop"

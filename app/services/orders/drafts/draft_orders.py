"""Reads drafts to be ordered."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.email_addresses import address_key
from app.models import OrderDraft
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.draft_repository import DraftRepository
from app.schemas.orders.order_schema import DeliveryAddress, OrderCreate, OrderLineCreate
from app.services.orders.amounts import Offers
from app.services.orders.drafts.asked_draft import AskedDraft, OrderedDraft
from app.services.orders.drafts.draft_quotes import discounts_of
from app.services.orders.payment_terms import PaymentTerms
from app.services.orders.placement import AnyAsked, Asked
from app.tables.orders import Contact


class DraftOrders:
    """Reads drafts to be ordered, locked in the transaction that places their orders."""

    def __init__(
        self, drafts: DraftRepository, users: UserRepository, clock: Clock, terms: PaymentTerms
    ) -> None:
        self._drafts = drafts
        self._users = users
        self._clock = clock
        self._terms = terms

    async def users_of(self, orders: Iterable[AnyAsked]) -> set[UUID]:
        """Return the users of the drafts among orders; the user of a draft never changes."""
        ids = ids_of(orders)
        return await self._drafts.users_of(ids) if ids else set()

    async def lock(self, orders: Iterable[AnyAsked]) -> None:
        """Lock the drafts among orders."""
        if ids := ids_of(orders):
            await self._drafts.lock_in_id_order(ids)

    async def locked_by_others(self, orders: Iterable[AnyAsked]) -> set[UUID]:
        """Return the drafts among orders that other transactions have locked."""
        if not (ids := ids_of(orders)):
            return set()
        return await self._drafts.existing(ids) - await self._drafts.free_among(ids)

    async def find(self, asked: AskedDraft) -> OrderDraft:
        """Return the requested draft.

        Raises:
            DraftNotFound: the draft does not exist.
        """
        return await self._drafts.get(asked.draft_id)

    async def asked(self, asked: AskedDraft, draft: OrderDraft) -> Asked:
        """Return the order of a draft.

        Raises:
            NotSoldInCurrency: the prices of the draft are not in the currency of orders.
        """
        self._terms.require_currency(draft.currency, draft.id)
        address = draft.delivery_address
        data = OrderCreate(
            user_id=draft.user_id,
            items=[
                OrderLineCreate(variant_id=each, quantity=quantity)
                for each, quantity in draft.units.items()
            ],
            delivery_address=None if address is None else DeliveryAddress(**address),
            shipping_method_id=draft.shipping_method_id,
        )
        offers = Offers(
            discounts_of(draft),
            own_prices=draft.own_prices,
            own_shipping_minor=draft.shipping_price_minor,
        )
        its = OrderedDraft(draft, await self._contact(draft), asked.data.expected_total, offers)
        return Asked(asked.caller, data, headers=asked.headers, of_draft=its)

    async def mark_ordered(self, ordered: Iterable[tuple[OrderDraft, UUID]]) -> None:
        """Record the orders by which drafts were ordered."""
        now = self._clock.now()
        for draft, order_id in ordered:
            draft.order_id = order_id
            draft.touch(now)
        await self._drafts.flush()

    async def _contact(self, draft: OrderDraft) -> Contact:
        email = draft.email
        if email is None and draft.user_id is not None:
            email = (await self._users.get(draft.user_id)).email
        own = draft.pay_hours
        hold = self._terms.longest_hold if own is None else timedelta(hours=own)
        return Contact(
            email=email,
            email_key=None if email is None else address_key(email),
            billing_address=draft.billing_address,
            vat_number=draft.vat_number,
            note=draft.note or None,
            locale=draft.locale or None,
            # A customer without an address could not be told that the order has expired.
            pay_by=None if email is None else self._clock.now() + hold,
        )


def ids_of(orders: Iterable[AnyAsked]) -> set[UUID]:
    """Return the ids of the drafts among orders."""
    return {each.draft_id for each in orders if isinstance(each, AskedDraft)}

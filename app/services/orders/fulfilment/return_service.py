"""The returns of orders, which customers request and about which staff decides."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import ReturnNotFound
from app.mails.order_mail import MailOccasion, OrderMailKind
from app.models import MovementReason, Order, Return, ReturnLine, ReturnStatus
from app.repositories.catalogue.stock_repository import StockRepository, movement_row
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.orders.return_repository import ReturnRepository
from app.repositories.orders.shipment_repository import ShipmentRepository
from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.orders.fulfilment_events import (
    ReturnApprovedEvent,
    ReturnCancelledEvent,
    ReturnClosedEvent,
    ReturnReceivedEvent,
    ReturnRejectedEvent,
    ReturnRequestedEvent,
)
from app.schemas.orders.return_schema import (
    ReturnCreate,
    ReturnDecision,
    ReturnPage,
    ReturnQuery,
    ReturnRead,
    ReturnReceipt,
)
from app.security.principal import Caller
from app.services.carts.cart_access import Visitor
from app.services.messaging.outbox_service import OutboxService
from app.services.orders.checkouts import Checkouts
from app.services.orders.fulfilment.return_documents import return_document
from app.services.orders.fulfilment.returned_units import (
    arrived_units,
    count_as_shipped,
    require_in_time,
    returnable_pieces,
)
from app.services.orders.order_mails import mail_about_goods
from app.services.preconditions import require_match
from app.services.system.mail_service import MailService

_EVENTS: Mapping[ReturnStatus, Callable[[UUID, ReturnRead], DomainEvent]] = {
    ReturnStatus.REQUESTED: ReturnRequestedEvent,
    ReturnStatus.APPROVED: ReturnApprovedEvent,
    ReturnStatus.REJECTED: ReturnRejectedEvent,
    ReturnStatus.RECEIVED: ReturnReceivedEvent,
    ReturnStatus.CLOSED: ReturnClosedEvent,
    ReturnStatus.CANCELLED: ReturnCancelledEvent,
}
_MAILS = {
    ReturnStatus.APPROVED: OrderMailKind.RETURN_APPROVED,
    ReturnStatus.REJECTED: OrderMailKind.RETURN_REJECTED,
}


class ReturnService:
    """Changes returns by their transition table; the stock changes in the same transaction."""

    def __init__(
        self,
        orders: OrderRepository,
        shipments: ShipmentRepository,
        returns: ReturnRepository,
        stock: StockRepository,
        outbox: OutboxService,
        mails: MailService,
        checkouts: Checkouts,
        clock: Clock,
        window: timedelta,
    ) -> None:
        self._orders = orders
        self._shipments = shipments
        self._returns = returns
        self._stock = stock
        self._outbox = outbox
        self._mails = mails
        self._checkouts = checkouts
        self._clock = clock
        self._window = window

    async def request(self, caller: Caller, order_id: UUID, data: ReturnCreate) -> ReturnRead:
        """Request the return of units that were shipped.

        Raises:
            OrderNotFound, OrderLineNotFound, NothingToReturn, ReturnWindowOver: nothing is changed.
        """
        return await self._request(caller.owner, order_id, data)

    async def request_of_cart(
        self, visitor: Visitor, cart_id: UUID, data: ReturnCreate
    ) -> ReturnRead:
        """Request the return of units of the order of a cart.

        Raises:
            CartNotFound, CartClaimed, OrderNotFound, OrderLineNotFound, NothingToReturn,
            ReturnWindowOver: nothing is changed.
        """
        order_id = await self._checkouts.order_id_of(visitor, cart_id, is_changed=True)
        return await self._request(None, order_id, data)

    async def _request(self, owner: UUID | None, order_id: UUID, data: ReturnCreate) -> ReturnRead:
        now = self._clock.now()
        order = await self._orders.get_whole(owner, order_id, lock=True)
        before = await self._returns.all_of_order(order_id)
        count_as_shipped(order, now)
        pieces = returnable_pieces(order, before, data.pieces())
        require_in_time(order, self._window, now)
        seq = len(before) + 1
        asked = Return(
            id=new_id(now),
            order_id=order_id,
            seq=seq,
            number=f"{order.number}-R{seq}",
            status=ReturnStatus.REQUESTED,
            reason=data.reason,
            customer_note=data.customer_note,
            answer="",
            created_at=now,
            updated_at=now,
            version=1,
            lines=[
                ReturnLine(position=place, quantity=each, received_quantity=0, restocked_quantity=0)
                for place, each in pieces.items()
            ],
        )
        await self._returns.add(asked)
        await self._shipments.flush_items(order)
        return await self._announced(order, asked)

    async def of_order(self, caller: Caller, order_id: UUID, query: ReturnQuery) -> ReturnPage:
        """Return a page of the returns of an order.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """
        return await self._page(caller.owner, order_id, query)

    async def of_cart(self, visitor: Visitor, cart_id: UUID, query: ReturnQuery) -> ReturnPage:
        """Return a page of the returns of the order of a cart.

        Raises:
            CartNotFound, CartMerged, OrderNotFound: the order does not exist or is not visible.
        """
        order_id = await self._checkouts.order_id_of(visitor, cart_id, part="/order/returns")
        return await self._page(None, order_id, query)

    async def _page(self, owner: UUID | None, order_id: UUID, query: ReturnQuery) -> ReturnPage:
        order = await self._orders.get_whole(owner, order_id)
        found, following = await self._returns.find(order_id, query)
        return ReturnPage(items=[return_document(each, order) for each in found], next=following)

    async def get(self, caller: Caller, return_id: UUID) -> ReturnRead:
        """Return a return.

        Raises:
            ReturnNotFound: the return does not exist, or the caller may not see it.
        """
        order_id = await self._returns.order_id_of(caller.owner, return_id)
        order = await self._orders.get_whole(caller.owner, order_id)
        return return_document(await self._returns.get(return_id), order)

    async def approve(
        self, caller: Caller, return_id: UUID, data: ReturnDecision, if_match: str | None = None
    ) -> ReturnRead:
        """Approve a return, and write to the customer.

        Raises:
            ReturnNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        return await self._decide(caller, return_id, ReturnStatus.APPROVED, data, if_match)

    async def reject(
        self, caller: Caller, return_id: UUID, data: ReturnDecision, if_match: str | None = None
    ) -> ReturnRead:
        """Reject a return, and write to the customer; its units can be requested again.

        Raises:
            ReturnNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        return await self._decide(caller, return_id, ReturnStatus.REJECTED, data, if_match)

    async def _decide(
        self,
        caller: Caller,
        return_id: UUID,
        status: ReturnStatus,
        data: ReturnDecision,
        if_match: str | None,
    ) -> ReturnRead:
        order, asked = await self._locked(caller, return_id, if_match)
        asked.move_to(status, self._clock.now())
        asked.answer = data.answer
        decided = await self._announced(order, asked)
        # There is no address of a customer whose data were erased.
        if order.email is not None and order.email_key is not None:
            mail = mail_about_goods(order, decided.lines, MailOccasion(answer=data.answer or None))
            await self._mails.write_further_about_order(_MAILS[status], mail, order.user_id)
        return decided

    async def receive(
        self, caller: Caller, return_id: UUID, data: ReturnReceipt, if_match: str | None = None
    ) -> ReturnRead:
        """Record the units of a return that have arrived, and restock those that can be sold again.

        Raises:
            ReturnNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
            InvalidInput: a variant is not in the return, or has fewer units in it.
        """
        order, asked = await self._locked(caller, return_id, if_match)
        now = self._clock.now()
        asked.move_to(ReturnStatus.RECEIVED, now)
        arrived = arrived_units(order, asked, data.lines)
        restocked: dict[UUID, int] = {}
        items = {each.position: each for each in order.items}
        for line in asked.lines:
            item, given = items[line.position], arrived.get(line.position)
            line.returned_before = item.returned_quantity
            if given is not None:
                line.received_quantity, line.restocked_quantity = given.quantity, given.restocked
                line.condition = given.condition
                item.returned_quantity += given.quantity
                if given.restocked:
                    restocked[item.variant_id] = given.restocked
        order.touch(now)
        await self._shipments.flush_items(order)
        await self._restock(asked.id, restocked, now)
        return await self._announced(order, asked)

    async def close(
        self, caller: Caller, return_id: UUID, if_match: str | None = None
    ) -> ReturnRead:
        """Close a return that needs no more work.

        Raises:
            ReturnNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        return await self._moved(caller, return_id, ReturnStatus.CLOSED, if_match)

    async def cancel(
        self, caller: Caller, return_id: UUID, if_match: str | None = None
    ) -> ReturnRead:
        """Cancel a return whose goods have not arrived; its units can be requested again.

        Raises:
            ReturnNotFound, PreconditionFailed, IllegalTransition: nothing is changed.
        """
        return await self._moved(caller, return_id, ReturnStatus.CANCELLED, if_match)

    async def _moved(
        self, caller: Caller, return_id: UUID, status: ReturnStatus, if_match: str | None
    ) -> ReturnRead:
        order, asked = await self._locked(caller, return_id, if_match)
        asked.move_to(status, self._clock.now())
        return await self._announced(order, asked)

    async def _locked(
        self, caller: Caller, return_id: UUID, if_match: str | None
    ) -> tuple[Order, Return]:
        """Return a return and its order, whose lock is also that of its returns."""
        order_id = await self._returns.order_id_of(caller.owner, return_id)
        order = await self._orders.get_whole(caller.owner, order_id, lock=True)
        found = {each.id: each for each in await self._returns.all_of_order(order_id)}
        if (asked := found.get(return_id)) is None:
            raise ReturnNotFound.of(return_id)
        require_match(if_match, return_document(asked, order))
        return order, asked

    async def _announced(self, order: Order, asked: Return) -> ReturnRead:
        await self._returns.flush()
        document = return_document(asked, order)
        await self._outbox.announce(_EVENTS[asked.status](order.id, document))
        return document

    async def _restock(self, return_id: UUID, units: Mapping[UUID, int], at: datetime) -> None:
        locked = await self._stock.lock_stock(units)
        source = f"return {return_id}"
        rows = [
            movement_row(each, quantity, MovementReason.RETURN, source, at)
            for each, quantity in units.items()
        ]
        await self._stock.move_stock(rows, at, locked)

"""The work for carts and drafts when an order is placed, and when it is cancelled."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.order_statuses import EXPIRY
from app.errors import DomainError, OrderNotFound
from app.mails.order_mail import OrderMailKind
from app.models import Order
from app.repositories.carts.cart_repository import CartRepository
from app.repositories.identity.user_repository import Buyer
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.orders.order_schema import OrderRead
from app.services.carts.cart_access import Visitor, opened, opened_to_order
from app.services.carts.cart_quotes import CartQuotes
from app.services.orders.carts.cart_offers import CartOffers, carts_in, key_of
from app.services.orders.carts.cart_orders import CartOrders, ReadCarts
from app.services.orders.drafts.asked_draft import AskedDraft, OrderedDraft
from app.services.orders.drafts.draft_orders import DraftOrders
from app.services.orders.order_mails import mail_about
from app.services.orders.payment_terms import PaymentTerms
from app.services.orders.placement import (
    AnyAsked,
    Asked,
    AskedLater,
    OrderedCart,
    OrderPlacement,
)
from app.services.promotions.promotion_service import PromotionService, Redeeming
from app.services.system.errand_service import ErrandService
from app.services.system.mail_service import MailService
from app.tables.orders import NewOrder

_AGAIN = timedelta(seconds=15)

Resolved = Asked | OrderRead | DomainError
Placed = tuple[OrderedCart | OrderedDraft, NewOrder, OrderRead]
"""A cart or a draft with its order, and the document of that."""


class Checkouts:
    """Reads carts and drafts to be ordered, and records the uses and deadlines of their orders."""

    def __init__(
        self,
        carts: CartRepository,
        orders: OrderRepository,
        quotes: CartQuotes,
        promotions: PromotionService,
        errands: ErrandService,
        mails: MailService,
        clock: Clock,
        terms: PaymentTerms,
        cart_orders: CartOrders,
        drafts: DraftOrders,
    ) -> None:
        self._carts = carts
        self._orders = orders
        self._quotes = quotes
        self._promotions = promotions
        self._errands = errands
        self._mails = mails
        self._clock = clock
        self._terms = terms
        self._cart_orders = cart_orders
        self._drafts = drafts

    async def resolve(
        self, orders: Sequence[AnyAsked], buyers: Mapping[UUID, Buyer]
    ) -> list[Resolved]:
        """Return the requested order; for a cart or a draft, its order or the refusal."""
        carts = await self._cart_orders.lock(orders, buyers)
        await self._drafts.lock(orders)
        return [
            each if isinstance(each, Asked) else await self._resolved(each, carts)
            for each in orders
        ]

    async def users_of_drafts(self, orders: Sequence[AnyAsked]) -> set[UUID]:
        """Return the buyers who are known only from drafts."""
        return await self._drafts.users_of(orders)

    async def _resolved(self, asked: AskedLater, carts: ReadCarts) -> Resolved:
        try:
            if isinstance(asked, AskedDraft):
                draft = await self._drafts.find(asked)
                if draft.order_id is not None:
                    return await self.order_of(draft.order_id)
                return await self._drafts.asked(asked, draft)
            cart = carts.cart_of(asked)
            if cart.order_id is not None:
                return await self.order_of(cart.order_id)
            return self._cart_orders.asked(asked, cart, carts)
        except DomainError as refusal:
            return refusal

    async def order_of(self, order_id: UUID) -> OrderRead:
        """Return the order of a cart."""
        return OrderRead.model_validate(await self._orders.get_whole(None, order_id))

    async def order_id_of(
        self, visitor: Visitor, cart_id: UUID, *, is_changed: bool = False, part: str = "/order"
    ) -> UUID:
        """Return the order of a cart, to be shown or to be changed; `part` is the path to it.

        Raises:
            CartNotFound, CartMerged, CartClaimed: see `opened` and `opened_to_order`.
            OrderNotFound: the cart was not ordered.
        """
        if is_changed:
            cart = await opened_to_order(self._carts, visitor, cart_id)
        else:
            cart = await opened(self._carts, visitor, cart_id, part)
        if cart.order_id is None:
            raise OrderNotFound(f"cart {cart_id} was not ordered", id=str(cart_id))
        return cart.order_id

    async def locked_by_others(self, orders: Sequence[AnyAsked]) -> set[UUID]:
        """Return the carts and drafts that other transactions have locked."""
        drafts = await self._drafts.locked_by_others(orders)
        return drafts | await self._cart_orders.locked_by_others(orders)

    async def lock_offers(
        self, orders: Sequence[Asked], placement: OrderPlacement
    ) -> CartOffers | None:
        """Lock the promotions that carts may use; return the offers, if there are any.

        The promotions do not change until the transaction ends.
        """
        carts = [each.cart for each in carts_in(orders)]
        if not carts:
            return None
        book = await self._quotes.book_of(carts, placement.now)
        chosen = [each for cart in carts for each in self._quotes.offered(book, cart)[0]]
        if not chosen:
            return None
        await self._promotions.lock(chosen)
        product_ids = {each.product_id for each in placement.variants.values()}
        return CartOffers(
            self._quotes,
            await self._quotes.book_of(carts, placement.now),
            await self._quotes.categories_of(chosen, product_ids),
            placement.buyers,
        )

    async def record(self, placed: Sequence[Placed]) -> None:
        """Record the uses of orders of carts and drafts, schedule their expiry, and send mails."""
        if not placed:
            return
        await self._promotions.redeem(
            [
                Redeeming(order.id, order.adjustments, its.offers.promotions, key_of(its))
                for its, order, _ in placed
                if isinstance(its, OrderedCart)
            ],
            [order.id for _, order, _ in placed],
        )
        await self._cart_orders.mark_ordered(
            {its.cart.id: order.id for its, order, _ in placed if isinstance(its, OrderedCart)}
        )
        await self._drafts.mark_ordered(
            [(its.draft, order.id) for its, order, _ in placed if isinstance(its, OrderedDraft)]
        )
        held = {
            order.id: its.contact.pay_by
            for its, order, _ in placed
            if its.contact.pay_by is not None
        }
        await self._errands.put_all(EXPIRY, held)
        await self._write(
            OrderMailKind.CONFIRMED, [each for _, order, each in placed if order.id in held]
        )

    async def expire_later(self, order: Order) -> None:
        """Schedule the cancellation of an order for the end of its hold, or soon if it is over."""
        soon = self._clock.now() + _AGAIN
        await self._errands.put(EXPIRY, order.id, max(order.pay_by or soon, soon))

    async def open_again(self, order: Order) -> None:
        """Let the customer change the cart of a cancelled order, unless there is another one."""
        cart = await self._carts.of_order(order.id)
        # The cart of an erased guest is deleted with the customer of the order.
        if cart is None or order.erasure_asked_at is not None:
            return
        if cart.user_id is None or await self._carts.of_user(cart.user_id) is None:
            cart.order_id = None
            cart.touch(self._clock.now())
            await self._carts.flush()

    async def take_back(self, order: Order, kind: OrderMailKind) -> None:
        """Undo the uses of promotions by a cancelled order, and write to the customer."""
        await self._promotions.give_back(order.id)
        await self._write(kind, [OrderRead.model_validate(order)])

    async def _write(self, kind: OrderMailKind, orders: Sequence[OrderRead]) -> None:
        instructions = self._terms.instructions
        mails = [(each.id, mail_about(each, instructions), each.user_id) for each in orders]
        await self._mails.write_about_orders(kind, mails)

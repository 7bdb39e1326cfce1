"""What carts and drafts add to the placement of an order, and what is taken back of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.addresses.rules import problems_of
from app.core.clock import Clock
from app.core.email_addresses import address_key
from app.core.order_statuses import EXPIRY
from app.errors import (
    AddressIncomplete,
    CartEmpty,
    DomainError,
    InvalidInput,
    OrderNotFound,
    ShippingMethodUnfit,
    TooManyUnpaidOrders,
)
from app.mails.order_mail import OrderMailKind
from app.models import Cart, Order
from app.pricing.terms import Promotion
from app.repositories.carts.cart_line_repository import CartLineRepository
from app.repositories.carts.cart_repository import CartRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.orders.order_schema import (
    DeliveryAddress,
    OrderCreate,
    OrderLineCreate,
    OrderRead,
)
from app.services.carts.cart_access import Visitor, opened, opened_to_order
from app.services.carts.cart_quotes import CartQuotes, customer_key, fits
from app.services.orders.amounts import Offers
from app.services.orders.drafts.asked_draft import AskedDraft, OrderedDraft
from app.services.orders.drafts.draft_orders import DraftOrders
from app.services.orders.order_mails import mail_about
from app.services.orders.payment_terms import PaymentTerms
from app.services.orders.placement import AnyAsked, Asked, AskedCheckout, AskedLater, OrderedCart
from app.services.promotions.promotion_service import PromotionService
from app.services.shipping.shipping_service import ShippingService
from app.services.system.errand_service import ErrandService
from app.services.system.mail_service import MailService
from app.tables.orders import Contact, NewOrder

_MOST_UNPAID = 3
_AGAIN = timedelta(seconds=15)

Resolved = Asked | OrderRead | DomainError


class Checkouts:
    """Reads carts and drafts to be ordered, and records what their orders use and need."""

    def __init__(
        self,
        carts: CartRepository,
        lines: CartLineRepository,
        orders: OrderRepository,
        users: UserRepository,
        quotes: CartQuotes,
        promotions: PromotionService,
        shipping: ShippingService,
        errands: ErrandService,
        mails: MailService,
        clock: Clock,
        terms: PaymentTerms,
        drafts: DraftOrders,
    ) -> None:
        self._carts = carts
        self._lines = lines
        self._orders = orders
        self._users = users
        self._quotes = quotes
        self._promotions = promotions
        self._shipping = shipping
        self._errands = errands
        self._mails = mails
        self._clock = clock
        self._terms = terms
        self._drafts = drafts

    async def resolve(self, orders: Sequence[AnyAsked]) -> list[Resolved]:
        """Return what is asked for: of a cart or a draft its order, or why it has none."""
        if carts := _carts_of(orders):
            await self._carts.lock_in_id_order(carts)
        await self._drafts.lock(orders)
        return [each if isinstance(each, Asked) else await self._resolved(each) for each in orders]

    async def users_of_drafts(self, orders: Sequence[AnyAsked]) -> set[UUID]:
        """Return the buyers who are known by drafts only."""
        return await self._drafts.users_of(orders)

    async def _resolved(self, asked: AskedLater) -> Resolved:
        try:
            if isinstance(asked, AskedDraft):
                draft = await self._drafts.find(asked)
                if draft.order_id is not None:
                    return await self.order_of(draft.order_id)
                return await self._drafts.asked(asked, draft)
            cart = await opened_to_order(self._carts, asked.visitor, asked.cart_id)
            if cart.order_id is not None:
                return await self.order_of(cart.order_id)
            return await self._asked(asked, cart)
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
        locked = await self._drafts.locked_by_others(orders)
        if ids := _carts_of(orders):
            locked |= await self._carts.existing(ids) - await self._carts.free_among(ids)
        return locked

    async def _asked(self, asked: AskedCheckout, cart: Cart) -> Asked:
        """Return the order of a cart.

        Raises:
            CartEmpty, NotSoldInCurrency, ShippingMethodUnfit, AddressIncomplete,
            TooManyUnpaidOrders: it cannot be ordered.
        """
        if asked.data.payment not in self._terms.holds:
            offered = ", ".join(sorted(self._terms.holds))
            raise InvalidInput.in_body(("#/payment", f"must be one of those offered: {offered}"))
        lines = await self._lines.lines_of(cart.id)
        if not lines:
            raise CartEmpty("the cart has no lines", id=str(cart.id))
        self._terms.require_currency(cart.currency, cart.id)
        await self._require_method(cart)
        contact = await self._contact(cart, asked.data.payment)
        await self._require_paying(cart, contact)
        address = cart.delivery_address
        data = OrderCreate(
            items=[
                OrderLineCreate(variant_id=each, quantity=line.quantity)
                for each, line in lines.items()
            ],
            delivery_address=None if address is None else DeliveryAddress(**address),
            shipping_method_id=cart.shipping_method_id,
        )
        its = OrderedCart(cart, contact, asked.data.expected_total)
        return Asked(asked.caller, data, headers=asked.headers, of_cart=its)

    async def _require_method(self, cart: Cart) -> None:
        if not fits(cart):
            raise ShippingMethodUnfit(
                "the shipping method is not offered any more", id=str(cart.id)
            )
        if cart.shipping_method_id is None and await self._shipping.has_methods():
            raise ShippingMethodUnfit("the cart needs a shipping method", id=str(cart.id))

    async def _contact(self, cart: Cart, payment: str) -> Contact:
        """Return what was chosen beside the goods.

        Raises:
            AddressIncomplete: something is missing, or an address is not one of its country.
        """
        email = cart.email
        if email is None and cart.user_id is not None:
            email = (await self._users.get(cart.user_id)).email
        problems = [] if email is not None else [("email", "is required")]
        method = cart.shipping_method
        if cart.delivery_address is None and method is not None and not method.is_pickup:
            problems.append(("delivery_address", "is required"))
        for name in ("delivery_address", "billing_address"):
            address: Mapping[str, Any] | None = getattr(cart, name)
            if address is not None:
                problems += [(f"{name}/{part}", why) for part, why in problems_of(address)]
        if problems or email is None:
            errors = [{"pointer": f"#/{place}", "detail": why} for place, why in problems]
            raise AddressIncomplete("the cart cannot be delivered", id=str(cart.id), errors=errors)
        return Contact(
            email=email,
            email_key=address_key(email),
            billing_address=cart.billing_address,
            vat_number=cart.vat_number,
            note=cart.note or None,
            locale=cart.locale or None,
            pay_by=self._clock.now() + self._terms.holds[payment],
        )

    async def _require_paying(self, cart: Cart, contact: Contact) -> None:
        """Require that the customer does not hold more and more goods without paying.

        Raises:
            TooManyUnpaidOrders: there are as many unpaid orders as are allowed.
        """
        customer = cart.user_id or contact.email_key
        if customer is None:
            return
        count, first = await self._orders.unpaid_of(customer)
        if count >= _MOST_UNPAID and first is not None:
            seconds = max(int((first - self._clock.now()).total_seconds()), 1)
            raise TooManyUnpaidOrders(
                f"{count} orders wait to be paid or cancelled", retry_after_seconds=seconds
            )

    async def lock_offers(self, carts: Sequence[Asked], now: datetime) -> set[UUID]:
        """Lock the promotions that carts may use; return the carts that have any.

        What is read of them afterwards stays as it is until the transaction ends.
        """
        found: dict[UUID, tuple[Promotion, ...]] = {}
        for each in carts:
            if each.of_cart is not None:
                offered, _ = await self._quotes.promotions_of(each.of_cart.cart, now)
                found[each.of_cart.cart.id] = offered
        chosen = [promotion for offered in found.values() for promotion in offered]
        if chosen:
            await self._promotions.lock(chosen)
        return {cart_id for cart_id, offered in found.items() if offered}

    async def with_offers(self, asked: Asked, product_ids: set[UUID], now: datetime) -> Asked:
        """Return an order of a cart with its promotions, as the orders before it have left them."""
        its = asked.of_cart
        if its is None:
            return asked
        promotions, _ = await self._quotes.promotions_of(its.cart, now)
        categories = await self._quotes.categories_of(promotions, product_ids)
        return replace(asked, of_cart=replace(its, offers=Offers(promotions, categories)))

    async def record(
        self, its: OrderedCart | OrderedDraft, order: NewOrder, document: OrderRead
    ) -> None:
        """Record what the order of a cart uses, have it expire, and write to the customer."""
        if isinstance(its, OrderedCart) and order.adjustments:
            key = customer_key(its.cart) or its.contact.email_key or ""
            await self._promotions.redeem(order.id, order.adjustments, its.offers.promotions, key)
        source = its.cart if isinstance(its, OrderedCart) else its.draft
        source.order_id = order.id
        source.touch(order.created_at)
        await self._carts.flush()
        if its.contact.pay_by is not None:
            await self._errands.put(EXPIRY, order.id, its.contact.pay_by)
            await self._write(OrderMailKind.CONFIRMED, document)

    async def expire_later(self, order: Order) -> None:
        """Have an order be cancelled at the end of its hold, or soon if that is over."""
        soon = self._clock.now() + _AGAIN
        await self._errands.put(EXPIRY, order.id, max(order.pay_by or soon, soon))

    async def open_again(self, order: Order) -> None:
        """Let the customer change the cart of a cancelled order, unless there is another one."""
        cart = await self._carts.of_order(order.id)
        # A guest who was erased has it deleted with the order's customer.
        if cart is None or order.erasure_asked_at is not None:
            return
        if cart.user_id is None or await self._carts.of_user(cart.user_id) is None:
            cart.order_id = None
            cart.touch(self._clock.now())
            await self._carts.flush()

    async def take_back(self, order: Order, kind: OrderMailKind) -> None:
        """Give back what a cancelled order used of promotions, and write to the customer."""
        await self._promotions.give_back(order.id)
        await self._write(kind, OrderRead.model_validate(order))

    async def _write(self, kind: OrderMailKind, order: OrderRead) -> None:
        mail = mail_about(order, self._terms.instructions)
        await self._mails.write_about_order(kind, order.id, mail, order.user_id)


def _carts_of(orders: Sequence[AnyAsked]) -> set[UUID]:
    return {each.cart_id for each in orders if isinstance(each, AskedCheckout)}

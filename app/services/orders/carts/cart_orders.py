"""Reads the carts that are to be ordered."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.core.addresses.rules import problems_of
from app.core.clock import Clock
from app.core.email_addresses import address_key
from app.errors import (
    AddressIncomplete,
    CartEmpty,
    InvalidInput,
    ShippingMethodUnfit,
    TooManyUnpaidOrders,
    UserNotFound,
)
from app.models import Cart
from app.repositories.carts.cart_line_repository import CartLineRepository
from app.repositories.carts.cart_repository import CartRepository
from app.repositories.carts.ordered_cart_repository import OrderedCartRepository
from app.repositories.identity.user_repository import Buyer
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.orders.order_schema import DeliveryAddress, OrderCreate, OrderLineCreate
from app.services.carts.cart_access import let_order
from app.services.carts.cart_quotes import fits
from app.services.orders.payment_terms import PaymentTerms
from app.services.orders.placement import AnyAsked, Asked, AskedCheckout, OrderedCart
from app.services.shipping.shipping_service import ShippingService
from app.tables.orders import Contact

_MAX_UNPAID = 3


class ReadCarts(Struct, frozen=True):
    """Carts that were locked, and the data on which their orders depend."""

    carts: Mapping[UUID, Cart]
    units: Mapping[UUID, Mapping[UUID, int]]
    """The lines by cart and variant; a cart without lines has none."""
    unpaid: Mapping[UUID | str, tuple[int, datetime]]
    """How many orders of a user or a guest wait to be paid, and when the first one expires."""
    buyers: Mapping[UUID, Buyer]
    has_methods: bool
    """Whether customers can choose a shipping method; False if no cart is without one."""

    def cart_of(self, asked: AskedCheckout) -> Cart:
        """Return the requested cart.

        Raises:
            CartNotFound, CartClaimed: see `let_order`.
        """
        return let_order(self.carts.get(asked.cart_id), asked.visitor, asked.cart_id)


class CartOrders:
    """Reads carts to be ordered, locked in the transaction that places their orders.

    The number of statements does not depend on the number of carts.
    """

    def __init__(
        self,
        carts: CartRepository,
        ordered: OrderedCartRepository,
        lines: CartLineRepository,
        orders: OrderRepository,
        shipping: ShippingService,
        clock: Clock,
        terms: PaymentTerms,
    ) -> None:
        self._carts = carts
        self._ordered = ordered
        self._lines = lines
        self._orders = orders
        self._shipping = shipping
        self._clock = clock
        self._terms = terms

    async def locked_by_others(self, orders: Iterable[AnyAsked]) -> set[UUID]:
        """Return the carts among orders that other transactions have locked."""
        if not (ids := _ids_of(orders)):
            return set()
        return await self._carts.existing(ids) - await self._carts.free_among(ids)

    async def lock(self, orders: Iterable[AnyAsked], buyers: Mapping[UUID, Buyer]) -> ReadCarts:
        """Lock and read the carts among orders."""
        carts = await self._ordered.lock_all(_ids_of(orders))
        open_carts = [each for each in carts.values() if each.order_id is None]
        if not open_carts:
            return ReadCarts(carts, {}, {}, buyers, False)
        return ReadCarts(
            carts,
            units=await self._lines.quantities_of([each.id for each in open_carts]),
            unpaid=await self._orders.unpaid_of(
                {each.user_id for each in open_carts if each.user_id is not None},
                {
                    each.email_key
                    for each in open_carts
                    if each.user_id is None and each.email_key is not None
                },
            ),
            buyers=buyers,
            has_methods=(
                any(each.shipping_method_id is None for each in open_carts)
                and await self._shipping.has_methods()
            ),
        )

    async def mark_ordered(self, order_ids: Mapping[UUID, UUID]) -> None:
        """Record the orders by which carts were ordered."""
        await self._ordered.mark_ordered(order_ids, self._clock.now())

    def asked(self, asked: AskedCheckout, cart: Cart, read: ReadCarts) -> Asked:
        """Return the order of a cart.

        Raises:
            CartEmpty, NotSoldInCurrency, ShippingMethodUnfit, AddressIncomplete,
            TooManyUnpaidOrders: the cart cannot be ordered.
        """
        if asked.data.payment not in self._terms.holds:
            offered = ", ".join(sorted(self._terms.holds))
            raise InvalidInput.in_body(("#/payment", f"must be one of those offered: {offered}"))
        if not (units := read.units.get(cart.id)):
            raise CartEmpty("the cart has no lines", id=str(cart.id))
        self._terms.require_currency(cart.currency, cart.id)
        _require_method(cart, read.has_methods)
        contact = self._contact(cart, asked.data.payment, read.buyers)
        self._require_paying(cart, contact, read.unpaid)
        address = cart.delivery_address
        data = OrderCreate(
            items=[
                OrderLineCreate(variant_id=each, quantity=quantity)
                for each, quantity in units.items()
            ],
            delivery_address=None if address is None else DeliveryAddress(**address),
            shipping_method_id=cart.shipping_method_id,
        )
        its = OrderedCart(cart, contact, asked.data.expected_total)
        return Asked(asked.caller, data, headers=asked.headers, of_cart=its)

    def _contact(self, cart: Cart, payment: str, buyers: Mapping[UUID, Buyer]) -> Contact:
        """Return the data of the checkout besides the goods.

        Raises:
            AddressIncomplete: data are missing, or an address does not fit its country.
        """
        email = cart.email
        if email is None and cart.user_id is not None:
            if cart.user_id not in buyers:
                raise UserNotFound.of(cart.user_id)
            email = buyers[cart.user_id].email
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

    def _require_paying(
        self,
        cart: Cart,
        contact: Contact,
        unpaid: Mapping[UUID | str, tuple[int, datetime]],
    ) -> None:
        """Require that the customer does not reserve more and more goods without paying.

        Raises:
            TooManyUnpaidOrders: the customer has the maximum number of unpaid orders.
        """
        customer = cart.user_id or contact.email_key
        if customer is None or customer not in unpaid:
            return
        count, first = unpaid[customer]
        if count >= _MAX_UNPAID:
            seconds = max(int((first - self._clock.now()).total_seconds()), 1)
            raise TooManyUnpaidOrders(
                f"{count} orders wait to be paid or cancelled", retry_after_seconds=seconds
            )


def _require_method(cart: Cart, has_methods: bool) -> None:
    """Require a shipping method that is offered, if the shop has any.

    Raises:
        ShippingMethodUnfit: the method is missing, or not offered.
    """
    if not fits(cart):
        raise ShippingMethodUnfit("the shipping method is no longer offered", id=str(cart.id))
    if cart.shipping_method_id is None and has_methods:
        raise ShippingMethodUnfit("the cart needs a shipping method", id=str(cart.id))


def _ids_of(orders: Iterable[AnyAsked]) -> set[UUID]:
    return {each.cart_id for each in orders if isinstance(each, AskedCheckout)}

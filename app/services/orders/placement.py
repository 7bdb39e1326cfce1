"""Placement of orders, one after the other, with rows that were locked for all of them."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from app.core.countries import Place
from app.core.ids import new_id
from app.core.money import format_minor
from app.errors import (
    CartChanged,
    DomainError,
    DraftChanged,
    InsufficientStock,
    InvalidInput,
    OrderExists,
    ProductNotForSale,
    ProductNotFound,
    ShippingMethodNotFound,
    UserNotActive,
    UserNotFound,
    VariantNotFound,
    VariantRequired,
)
from app.models import Cart, MovementReason, OrderStatus, ShippingMethod
from app.pricing.terms import Taxes
from app.repositories.catalogue.stock_repository import movement_row
from app.repositories.identity.user_repository import Buyer
from app.schemas.orders.checkout_schema import CheckoutCreate
from app.schemas.orders.order_schema import OrderCreate, OrderRead
from app.security.principal import Caller
from app.services.carts.cart_access import Visitor
from app.services.carts.cart_quotes import place_of
from app.services.carts.quoting import full_name
from app.services.catalogue.listing import sold_ids
from app.services.orders.amounts import NO_OFFERS, Offers, unfit, with_amounts
from app.services.orders.drafts.asked_draft import AskedDraft, OrderedDraft
from app.services.shipping.shipping_service import ships_to
from app.tables.catalogue import is_limited
from app.tables.orders import Contact, NewLine, NewOrder, NewStep

GUEST = "guest"
"""The name of a customer without an account in the history of an order."""

Headers = Mapping[str, str] | None


class OrderedCart(Struct, frozen=True):
    """The data of an order besides its goods if it comes from a cart."""

    cart: Cart
    contact: Contact
    expected_total: Decimal
    """The total that the customer has seen."""
    offers: Offers = NO_OFFERS

    @property
    def id(self) -> UUID:
        """The id of the cart."""
        return self.cart.id


class Asked(Struct, frozen=True):
    """An order that a caller requests."""

    caller: Caller
    data: OrderCreate
    order_id: UUID | None = None
    """The id that the order is to have."""
    headers: Headers = None
    """The headers of its events, instead of those of the current context."""
    of_cart: OrderedCart | None = None
    of_draft: OrderedDraft | None = None

    @property
    def source(self) -> OrderedCart | OrderedDraft | None:
        """The cart or the draft of the order; None for an order of neither."""
        return self.of_draft if self.of_cart is None else self.of_cart

    @property
    def is_of_guest(self) -> bool:
        """Whether the order comes from a cart or a draft that has no user."""
        if self.of_draft is not None:
            return self.of_draft.draft.user_id is None
        return self.of_cart is not None and self.of_cart.cart.user_id is None

    @property
    def named_buyer(self) -> UUID | None:
        """The user for whom the order is, whether or not the caller may order for that user."""
        return self.data.user_id or self.caller.user_id

    @property
    def variant_ids(self) -> set[UUID]:
        """The variants of the order; a product stands for its first one."""
        return {line.sold_id for line in self.data.items}


class AskedCheckout(Struct, frozen=True):
    """A request of a customer to order a cart, whose content is read when the order is placed."""

    visitor: Visitor
    cart_id: UUID
    data: CheckoutCreate
    headers: Headers = None
    """The headers of its events, instead of those of the current context."""

    @property
    def caller(self) -> Caller:
        """The customer."""
        return self.visitor.caller

    @property
    def named_buyer(self) -> UUID | None:
        """The user for whom the order is, if it is not for a guest."""
        return self.visitor.caller.user_id

    @property
    def variant_ids(self) -> set[UUID]:
        """The variants of the order; they are unknown until the cart is read."""
        return set()


AskedLater = AskedCheckout | AskedDraft
"""The requests whose content is read when the order is placed."""
AnyAsked = Asked | AskedLater


@dataclass(slots=True)
class OrderPlacement:
    """The locked rows that some orders need, and the units that these orders have taken."""

    buyers: Mapping[UUID, Buyer]
    taken_ids: Set[UUID]
    variants: Mapping[UUID, Any]
    choices: Mapping[UUID, VariantRequired]
    """The refusals of products that have several variants."""
    now: datetime
    currency: str
    home: Place | None
    """The place of orders without an address; None if the shop charges no tax."""
    methods: Mapping[UUID, ShippingMethod]
    """The shipping methods that the orders name."""
    taxes: Mapping[Place, Taxes | DomainError]
    """The tax of each place to which an order goes."""
    taken: dict[UUID, int] = field(default_factory=dict)
    placed: dict[UUID, OrderRead] = field(default_factory=dict)
    """The orders that were stored, by id."""
    placed_orders: list[NewOrder] = field(default_factory=list)
    _placed_ids: set[UUID] = field(default_factory=set)

    def note(self, order: NewOrder, document: OrderRead) -> None:
        """Record an order that was stored."""
        self.placed[order.id] = document
        self.placed_orders.append(order)

    def evaluate(self, asked: Asked) -> NewOrder | DomainError:
        """Return an order or its refusal."""
        try:
            return self.place(asked)
        except DomainError as refusal:
            return refusal

    def place(self, asked: Asked) -> NewOrder:
        """Return an order and take its units; a refused order takes nothing.

        Raises:
            DomainError: the order is refused.
        """
        data, order_id = asked.data, asked.order_id
        buyer = self._buyer_of(asked)
        if order_id is not None and order_id in self.taken_ids | self._placed_ids:
            raise OrderExists(f"there is an order {order_id}", order_id=str(order_id))
        quantities = data.quantities()
        if (refusal := self._refusal_of(quantities, data.product_ids())) is not None:
            raise refusal
        order = self._priced(asked, buyer, quantities)
        for each, quantity in quantities.items():
            self.taken[each] = self.taken.get(each, 0) + quantity
        if order_id is not None:
            self._placed_ids.add(order_id)
        return order

    def _buyer_of(self, asked: Asked) -> UUID | None:
        """Return the buyer, or None for a guest.

        Raises:
            InvalidInput, UserNotFound, UserNotActive: the buyer may not order.
        """
        if asked.is_of_guest:
            return None
        buyer = buyer_of(asked.caller, asked.data)
        if buyer not in self.buyers:
            raise UserNotFound(f"there is no user {buyer}", id=str(buyer))
        if not self.buyers[buyer].is_active:
            raise UserNotActive(f"user {buyer} may not place orders", user_id=str(buyer))
        return buyer

    def _priced(self, asked: Asked, buyer: UUID | None, quantities: Mapping[UUID, int]) -> NewOrder:
        address = delivery_of(asked, self.buyers)
        place = place_of(address)
        taxes = None if self.home is None else self.taxes[taxed_place(asked, place, self.home)]
        if isinstance(taxes, DomainError):
            raise taxes
        method = self._method_of(asked.data.shipping_method_id, place)
        its = asked.source
        offers = NO_OFFERS if its is None else its.offers
        order = NewOrder(
            id=asked.order_id or new_id(self.now),
            user_id=buyer,
            currency=self.currency,
            created_at=self.now,
            actor=GUEST if asked.caller.is_anonymous else asked.caller.name,
            delivery_address=address,
            lines=[
                _line(self.variants[each], quantity, offers.own_prices.get(each))
                for each, quantity in quantities.items()
            ],
            steps=[NewStep(OrderStatus.PENDING, self.now)],
            contact=_contact_of(asked.data) if its is None else its.contact,
        )
        variants = [self.variants[each] for each in quantities]
        order = with_amounts(order, variants, taxes, method, offers)
        if its is not None:
            _require_total(order, its)
        return order

    def _method_of(self, method_id: UUID | None, place: Place | None) -> ShippingMethod | None:
        if method_id is None:
            return None
        method = self.methods.get(method_id)
        if method is None:
            raise ShippingMethodNotFound.of(method_id)
        reaches = method.is_pickup or (place is not None and ships_to(method, place))
        if not method.is_active or not reaches:
            raise unfit(method)
        return method

    def _refusal_of(
        self, quantities: Mapping[UUID, int], product_ids: Set[UUID]
    ) -> DomainError | None:
        if (refusal := self._missing(quantities, product_ids)) is not None:
            return refusal
        for each in quantities:
            variant = self.variants[each]
            if not variant.is_active:
                return ProductNotForSale(
                    f"{full_name(variant)} is not for sale",
                    **sold_ids(variant.product_id, each),
                )
        short = [
            {
                **sold_ids(self.variants[each].product_id, each),
                "asked": quantity,
                "available": max(0, self._left(each)),
            }
            for each, quantity in sorted(quantities.items())
            if is_limited(self.variants[each]) and self._left(each) < quantity
        ]
        if not short:
            return None
        name = full_name(
            self.variants[UUID(str(short[0].get("variant_id", short[0]["product_id"])))]
        )
        return InsufficientStock(
            f"{name}: {short[0]['asked']} asked for, {short[0]['available']} in stock",
            products=short,
        )

    def _missing(
        self, quantities: Mapping[UUID, int], product_ids: Set[UUID]
    ) -> DomainError | None:
        for each in product_ids:
            if each in self.choices:
                return self.choices[each]
        missing = sorted(
            each
            for each in quantities
            if each not in self.variants or self.variants[each].archived_at is not None
        )
        if not missing:
            return None
        if products := [str(each) for each in missing if each in product_ids]:
            return ProductNotFound(f"there is no product {products[0]}", product_ids=products)
        return VariantNotFound(
            f"there is no variant {missing[0]}", variant_ids=list(map(str, missing))
        )

    def _left(self, variant_id: UUID) -> int:
        stock: int = self.variants[variant_id].stock_quantity
        return stock - self.taken.get(variant_id, 0)


def taxed_place(asked: Asked, place: Place | None, home: Place) -> Place:
    """Return the place that decides the tax of an order, with the VAT number of a business."""
    its = asked.source
    number = asked.data.vat_number if its is None else its.contact.vat_number
    return (place or home) if number is None else replace(place or home, vat_number=number)


def _contact_of(data: OrderCreate) -> Contact | None:
    return None if data.vat_number is None else Contact(vat_number=data.vat_number)


def _require_total(order: NewOrder, its: OrderedCart | OrderedDraft) -> None:
    """Require that an order has the total that its customer has seen.

    Raises:
        CartChanged, DraftChanged: the total is another one.
    """
    total = format_minor(order.total_minor, order.currency)
    if Decimal(total) != its.expected_total:
        changed = CartChanged if isinstance(its, OrderedCart) else DraftChanged
        raise changed(
            f"the total is {total} {order.currency}, not {its.expected_total}",
            total=total,
            currency=order.currency,
        )


def delivery_of(asked: Asked, buyers: Mapping[UUID, Buyer]) -> dict[str, Any] | None:
    """Return the delivery address of an order, by default the primary one of its buyer."""
    if asked.data.delivery_address is not None:
        return asked.data.delivery_address.model_dump()
    if asked.named_buyer is None or asked.source is not None:
        # A cart or a draft has its own delivery address.
        return None
    buyer = buyers.get(asked.named_buyer)
    return None if buyer is None else buyer.address


def _line(variant: Any, quantity: int, given_minor: int | None) -> NewLine:
    listed, own = variant.listed_minor, variant.price_minor
    listed_minor = own if listed is None else min(listed, own)
    return NewLine(
        variant.product_id,
        variant.id,
        variant.sku,
        full_name(variant),
        listed_minor if given_minor is None else given_minor,
        quantity,
    )


def buyer_of(caller: Caller, data: OrderCreate) -> UUID:
    """Return the buyer: the caller, or the user whom the caller may order for.

    Raises:
        InvalidInput: the caller may not order for others, or names no buyer.
    """
    if data.user_id is None and caller.user_id is not None:
        return caller.user_id
    if data.user_id is None:
        raise InvalidInput.in_body(("#/user_id", "is required: the caller is not a user"))
    if caller.owner is not None and caller.owner != data.user_id:
        raise InvalidInput.in_body(("#/user_id", "may be set by staff only"))
    return data.user_id


def sales_in(orders: Iterable[NewOrder]) -> list[dict[str, Any]]:
    """Return the stock movements of orders as columns, except for orders that hold no stock."""
    return [
        movement_row(
            line.variant_id,
            -line.quantity,
            MovementReason.SALE,
            f"order {order.id}",
            order.created_at,
        )
        for order in orders
        if order.holds_stock
        for line in order.lines
    ]

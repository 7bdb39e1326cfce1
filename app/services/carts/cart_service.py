"""Carts: opened, shown and changed by their customers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.limits import MAX_LINE_QUANTITY, MAX_LINES
from app.errors import (
    CartFull,
    InvalidInput,
    NotSoldInCurrency,
    ProductNotForSale,
    ProductNotFound,
    ShippingMethodNotFound,
    VariantNotFound,
)
from app.models import Cart
from app.repositories.carts.cart_line_repository import CartLineRepository, VariantInCart
from app.repositories.carts.cart_repository import CartRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.carts.cart_schema import (
    CartChange,
    CartCreate,
    CartFields,
    CartRead,
    CartShippingMethod,
    CartShippingMethods,
)
from app.schemas.carts.line_schema import LineCreate
from app.security.tokens import digest_of, random_secret
from app.services.carts.cart_access import Visitor, may_use, opened, opened_to_change
from app.services.carts.cart_documents import document_of
from app.services.carts.cart_quotes import CartQuotes, QuotedCart, place_of
from app.services.carts.quoting import full_name, net_of_shipping
from app.services.catalogue.listing import sold_ids, variant_required
from app.services.preconditions import require_match
from app.services.shipping.shipping_service import Parcel, ShippingService

_EMPTY = timedelta(hours=2)
_GUESTS = timedelta(days=30)
_USERS = timedelta(days=90)
_AT_ONCE = 1_000
_OF_METHOD = ("id", "name", "description", "carrier", "min_days", "max_days", "is_pickup")


class OpenedCart(Struct, frozen=True):
    """A cart that a customer has opened."""

    cart: CartRead
    is_new: bool
    token: str | None = None
    """The token for a guest, who gets it only once."""


class CartService:
    """Opens, shows and changes carts; each result is the cart with its current price."""

    def __init__(
        self,
        carts: CartRepository,
        lines: CartLineRepository,
        products: ProductRepository,
        quotes: CartQuotes,
        shipping: ShippingService,
        clock: Clock,
        currency: str,
        low_stock_at: int,
    ) -> None:
        self._carts = carts
        self._lines = lines
        self._products = products
        self._quotes = quotes
        self._shipping = shipping
        self._clock = clock
        self._currency = currency
        self._low_stock_at = low_stock_at

    async def open(
        self, visitor: Visitor, data: CartCreate, token: str | None = None
    ) -> OpenedCart:
        """Open a cart; if a user has one already, `data` changes it.

        The cart of a guest gets the token, or a random one.

        Raises:
            ShippingMethodNotFound: the shipping method does not exist.
        """
        user_id = visitor.caller.user_id
        if user_id is not None:
            await self._carts.lock_user(user_id)
            own = await self._carts.of_user(user_id)
            if own is not None:
                return OpenedCart(await self._changed(visitor, own, data), is_new=False)
        token = None if user_id is not None else token or random_secret()
        now = self._clock.now()
        cart = Cart(
            id=new_id(now),
            token_digest=None if token is None else digest_of(token),
            user_id=user_id,
            currency=self._currency,
            codes=[],
            note="",
            locale="",
            touched_at=now,
            created_at=now,
            updated_at=now,
            version=1,
        )
        await self._choose(cart, data)
        await self._carts.add(cart)
        shown = await self.show(Visitor(visitor.caller, token), cart.id)
        return OpenedCart(shown, is_new=True, token=token)

    async def current(self, visitor: Visitor, guest_cart_id: UUID | None) -> UUID | None:
        """Return the current cart of a visitor: that of a user, or else that of a guest.

        It is None if the cart was ordered or claimed, or does not belong to the visitor.
        """
        user_id = visitor.caller.user_id
        if user_id is not None:
            return await self._carts.of_user(user_id)
        cart = await self._current(visitor, guest_cart_id)
        return None if cart is None else cart.id

    async def _current(self, visitor: Visitor, guest_cart_id: UUID | None) -> Cart | None:
        user_id = visitor.caller.user_id
        cart_id = guest_cart_id if user_id is None else await self._carts.of_user(user_id)
        cart = None if cart_id is None else await self._carts.find(cart_id)
        if cart is None or not may_use(cart, visitor):
            return None
        return cart if cart.order_id is None and cart.merged_into_id is None else None

    async def show_current(self, visitor: Visitor, guest_cart_id: UUID | None) -> CartRead | None:
        """Return the current cart of a visitor with its price, if there is one."""
        cart = await self._current(visitor, guest_cart_id)
        return None if cart is None else await self._shown(cart)

    async def count_current(self, visitor: Visitor, guest_cart_id: UUID | None) -> int:
        """Return the number of units in the current cart of a visitor."""
        cart_id = await self.current(visitor, guest_cart_id)
        if cart_id is None:
            return 0
        return sum((await self._lines.quantities_of([cart_id])).get(cart_id, {}).values())

    async def at_checkout(
        self, visitor: Visitor, guest_cart_id: UUID | None
    ) -> tuple[CartRead, CartShippingMethods] | None:
        """Return the current cart of a visitor, and the shipping methods that it can have."""
        cart = await self._current(visitor, guest_cart_id)
        if cart is None:
            return None
        quoted = await self._quotes.of(cart)
        methods = await self._methods_for(cart, quoted)
        return document_of(quoted, self._low_stock_at), methods

    async def show(self, visitor: Visitor, cart_id: UUID) -> CartRead:
        """Return a cart with its current price.

        Raises:
            CartNotFound, CartMerged: see `opened`.
        """
        return await self._shown(await opened(self._carts, visitor, cart_id))

    async def change(
        self, visitor: Visitor, cart_id: UUID, change: CartChange, if_match: str | None = None
    ) -> CartRead:
        """Change the choices of a customer besides the lines.

        Raises:
            CartNotFound, CartClaimed, CartOrdered, PreconditionFailed,
            ShippingMethodNotFound: nothing is changed.
        """
        return await self._changed(visitor, cart_id, change, if_match)

    async def _changed(
        self, visitor: Visitor, cart_id: UUID, change: CartFields, if_match: str | None = None
    ) -> CartRead:
        cart = await self._to_change(visitor, cart_id, if_match)
        if not change.changes():
            return await self._shown(cart)
        await self._choose(cart, change)
        return await self._touched(cart)

    async def _to_change(self, visitor: Visitor, cart_id: UUID, if_match: str | None) -> Cart:
        cart = await opened_to_change(self._carts, visitor, cart_id)
        if if_match is not None:
            require_match(if_match, await self._shown(cart))
        return cart

    async def _choose(self, cart: Cart, change: CartFields) -> None:
        changes = dict(change.changes())
        method_id = changes.get("shipping_method_id")
        if method_id is not None and method_id not in await self._shipping.methods_of([method_id]):
            raise ShippingMethodNotFound.of(method_id)
        for name in ("delivery_address", "billing_address"):
            if changes.get(name) is not None:
                changes[name] = changes[name].model_dump()
        if changes.get("currency", cart.currency) != cart.currency:
            await self._lines.forget_seen(cart.id)
        for name, value in changes.items():
            setattr(cart, name, value)

    async def add_units(
        self, visitor: Visitor, cart_id: UUID, data: LineCreate, if_match: str | None = None
    ) -> CartRead:
        """Add units to a line of a cart; a missing line is created.

        Raises:
            CartNotFound, CartClaimed, CartOrdered, PreconditionFailed, ProductNotFound,
            VariantNotFound, VariantRequired, ProductNotForSale, NotSoldInCurrency, CartFull:
                nothing is changed.
            InvalidInput: the line would have too many units.
        """
        cart = await self._to_change(visitor, cart_id, if_match)
        names_product = "product_id" in data.model_fields_set
        variant = await self._sold(cart, data.sold_id, names_product=names_product)
        own = await self._lines.lines_of(cart.id)
        line = own.get(data.sold_id)
        quantity = data.quantity + (0 if line is None else line.quantity)
        if quantity > MAX_LINE_QUANTITY:
            raise InvalidInput.in_body(
                ("#/quantity", f"must leave at most {MAX_LINE_QUANTITY} units in the line")
            )
        return await self._set(cart, variant, quantity, own)

    async def set_units(
        self,
        visitor: Visitor,
        cart_id: UUID,
        variant_id: UUID,
        quantity: int,
        if_match: str | None = None,
    ) -> CartRead:
        """Set the units of a line of a cart; a missing line is created.

        Raises:
            CartNotFound, CartClaimed, CartOrdered, PreconditionFailed, VariantNotFound,
            ProductNotForSale, NotSoldInCurrency, CartFull: nothing is changed.
        """
        cart = await self._to_change(visitor, cart_id, if_match)
        variant = await self._sold(cart, variant_id)
        return await self._set(cart, variant, quantity, await self._lines.lines_of(cart.id))

    async def remove_line(
        self, visitor: Visitor, cart_id: UUID, variant_id: UUID, if_match: str | None = None
    ) -> None:
        """Remove a line from a cart; a repetition changes nothing.

        Raises:
            CartNotFound, CartClaimed, CartOrdered, PreconditionFailed: nothing is changed.
        """
        cart = await self._to_change(visitor, cart_id, if_match)
        await self._lines.remove(cart.id, variant_id)
        cart.touch(self._clock.now())
        await self._carts.flush()

    async def shipping_methods(self, visitor: Visitor, cart_id: UUID) -> CartShippingMethods:
        """Return the shipping methods that a cart can have, with their prices.

        Raises:
            CartNotFound, CartMerged: see `opened`.
        """
        cart = await opened(self._carts, visitor, cart_id, "/shipping-methods")
        return await self._methods_for(cart, await self._quotes.of(cart))

    async def _methods_for(self, cart: Cart, its: QuotedCart) -> CartShippingMethods:
        quote, goods = its.quote, [each.goods for each in its.quote.lines]
        discount = sum(each.discount_minor for each in quote.lines)
        parcel = Parcel(
            currency=cart.currency,
            weight_grams=sum(each.weight_grams * each.quantity for each in goods),
            subtotal_minor=quote.subtotal_minor,
            discounted_minor=quote.subtotal_minor - discount,
        )
        offered = await self._shipping.methods_for(place_of(cart.delivery_address), parcel)
        return CartShippingMethods(
            currency=cart.currency,
            items=[
                CartShippingMethod.model_validate(
                    {name: getattr(each.method, name) for name in _OF_METHOD}
                    | {
                        "price_minor": net_of_shipping(
                            each.price_minor, each.method, goods, its.terms.taxes
                        )
                    }
                )
                for each in offered
            ],
        )

    async def delete_some_old(self) -> bool:
        """Delete some unchanged carts: empty ones of 2 hours, guests' of 30 days, users' of 90.

        Return whether there may be more.
        """
        deleted = await self._carts.delete_old(
            self._clock.now(), empty=_EMPTY, guest=_GUESTS, user=_USERS, limit=_AT_ONCE
        )
        return deleted == _AT_ONCE

    async def _sold(
        self, cart: Cart, variant_id: UUID, *, names_product: bool = False
    ) -> VariantInCart:
        """Return a variant that can be put into a cart.

        Raises:
            ProductNotFound, VariantNotFound, VariantRequired, ProductNotForSale,
            NotSoldInCurrency: the variant cannot be put into the cart.
        """
        found = await self._lines.variant(variant_id, cart.currency)
        if found is None or found.row.product_archived_at is not None:
            raise (ProductNotFound if names_product else VariantNotFound).of(variant_id)
        row = found.row
        if names_product and (row.variants_count > 1 or row.archived_at is not None):
            variants = (await self._products.variants_of({row.product_id}))[row.product_id]
            raise variant_required(row.product_id, row.name, row.option_names, variants)
        if row.archived_at is not None:
            raise VariantNotFound.of(variant_id)
        its = sold_ids(row.product_id, variant_id)
        if not found.is_for_sale:
            raise ProductNotForSale(f"{full_name(row)} is not for sale", **its)
        if found.offer is None:
            raise NotSoldInCurrency(
                f"{full_name(row)} has no price in {cart.currency}", currency=cart.currency, **its
            )
        return found

    async def _set(
        self, cart: Cart, variant: VariantInCart, quantity: int, own: Mapping[UUID, Any]
    ) -> CartRead:
        variant_id = variant.row.variant_id
        seen_minor = None if variant.offer is None else variant.offer.price_minor
        if variant_id in own:
            values = {"quantity": quantity, "seen_minor": seen_minor}
            await self._lines.change(cart.id, variant_id, values)
        elif len(own) >= MAX_LINES:
            raise CartFull(f"a cart has at most {MAX_LINES} lines", max_lines=MAX_LINES)
        else:
            await self._lines.add(
                [
                    {
                        "cart_id": cart.id,
                        "variant_id": variant_id,
                        "position": 1 + max((each.position for each in own.values()), default=0),
                        "quantity": quantity,
                        "seen_minor": seen_minor,
                    }
                ]
            )
        return await self._touched(cart)

    async def _touched(self, cart: Cart) -> CartRead:
        cart.touch(self._clock.now())
        return await self._shown(await self._carts.renewed(cart))

    async def _shown(self, cart: Cart) -> CartRead:
        return document_of(await self._quotes.of(cart), self._low_stock_at)

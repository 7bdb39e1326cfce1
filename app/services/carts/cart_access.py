"""Access to carts: by the user who owns a cart, or by the guest who has its token."""

import hmac
from uuid import UUID

from msgspec import Struct

from app.errors import CartClaimed, CartMerged, CartNotFound, CartOrdered
from app.models import Cart
from app.repositories.carts.cart_repository import CartRepository
from app.security.principal import Caller
from app.security.tokens import digest_of

_NOTHING = bytes(32)


class Visitor(Struct, frozen=True):
    """A caller of the routes of carts, with the token of a guest's cart if one was sent."""

    caller: Caller
    token: str | None = None


async def opened(carts: CartRepository, visitor: Visitor, cart_id: UUID, part: str = "") -> Cart:
    """Return a cart to a visitor who may use it; `part` is the path of the requested part.

    Raises:
        CartNotFound: the cart does not exist, or the visitor may not use it.
        CartMerged: the cart was merged into that of a user.
    """
    cart = await _found(carts, visitor, cart_id, lock=False)
    if cart.merged_into_id is not None:
        location = f"/api/v1/carts/{cart.merged_into_id}{part}"
        raise CartMerged("the cart is part of that of the user who claimed it", location=location)
    return cart


async def opened_to_change(carts: CartRepository, visitor: Visitor, cart_id: UUID) -> Cart:
    """Return a cart to a visitor who may change it, locked.

    Raises:
        CartNotFound: the cart does not exist, or the visitor may not use it.
        CartClaimed: the cart was merged into that of a user.
        CartOrdered: the cart was ordered.
    """
    cart = await _found(carts, visitor, cart_id, lock=True)
    require_unclaimed(cart)
    if cart.order_id is not None:
        raise CartOrdered("the cart was ordered", order_id=str(cart.order_id))
    return cart


async def opened_to_order(carts: CartRepository, visitor: Visitor, cart_id: UUID) -> Cart:
    """Return a cart to a visitor who may order it, or cancel its order.

    Raises:
        CartNotFound: the cart does not exist, or the visitor may not use it.
        CartClaimed: the cart was merged into that of a user.
    """
    return let_order(await carts.find(cart_id), visitor, cart_id)


def let_order(cart: Cart | None, visitor: Visitor, cart_id: UUID) -> Cart:
    """Return a cart that was read, if the visitor may order it.

    Raises:
        CartNotFound: the cart does not exist, or the visitor may not use it.
        CartClaimed: the cart was merged into that of a user.
    """
    found = _let_use(cart, visitor, cart_id)
    require_unclaimed(found)
    return found


def require_unclaimed(cart: Cart) -> None:
    """Require that a cart was not merged into that of a user.

    Raises:
        CartClaimed: the cart was merged.
    """
    # This is not a redirect: a client would read the other cart, and treat that as a successful
    # change.
    if cart.merged_into_id is not None:
        raise CartClaimed(
            "the cart is part of that of the user who claimed it",
            location=f"/api/v1/carts/{cart.merged_into_id}",
        )


async def _found(carts: CartRepository, visitor: Visitor, cart_id: UUID, *, lock: bool) -> Cart:
    return _let_use(await carts.find(cart_id, lock=lock), visitor, cart_id)


def _let_use(cart: Cart | None, visitor: Visitor, cart_id: UUID) -> Cart:
    if not may_use(cart, visitor) or cart is None:
        raise CartNotFound.of(cart_id)
    return cart


def may_use(cart: Cart | None, visitor: Visitor) -> bool:
    """Return whether a visitor may use a cart; the time does not reveal whether it exists."""
    if cart is not None and cart.user_id is not None:
        return cart.user_id == visitor.caller.user_id
    digest = _NOTHING if visitor.token is None else digest_of(visitor.token)
    expected = None if cart is None else cart.token_digest
    return hmac.compare_digest(digest, expected or _NOTHING) and expected is not None

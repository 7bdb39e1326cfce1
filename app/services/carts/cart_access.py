"""Who may use a cart: the user whose it is, or else the guest who has its token."""

import hmac
from dataclasses import dataclass
from uuid import UUID

from app.errors import CartMerged, CartNotFound, CartOrdered
from app.models import Cart
from app.repositories.carts.cart_repository import CartRepository
from app.security.principal import Caller
from app.security.tokens import digest_of

_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A caller of the routes of carts, with the token of a guest's cart if one was sent."""

    caller: Caller
    token: str | None = None


async def opened(
    carts: CartRepository, visitor: Visitor, cart_id: UUID, *, lock: bool = False
) -> Cart:
    """Return a cart to a visitor who may use it.

    Raises:
        CartNotFound: it does not exist, or the visitor may not use it.
        CartMerged: it became part of that of a user.
        CartOrdered: it was ordered, and is locked to be changed.
    """
    cart = await carts.find(cart_id, lock=lock)
    if not may_use(cart, visitor) or cart is None:
        raise CartNotFound.of(cart_id)
    if cart.merged_into_id is not None:
        raise CartMerged(
            "the cart became part of that of the user who claimed it",
            location=f"/api/v1/carts/{cart.merged_into_id}",
        )
    if lock and cart.order_id is not None:
        raise CartOrdered("the cart was ordered", order_id=str(cart.order_id))
    return cart


def may_use(cart: Cart | None, visitor: Visitor) -> bool:
    """Return whether a visitor may use a cart, in the same time whether or not it exists."""
    if cart is not None and cart.user_id is not None:
        return cart.user_id == visitor.caller.user_id
    digest = _NOTHING if visitor.token is None else digest_of(visitor.token)
    expected = None if cart is None else cart.token_digest
    return hmac.compare_digest(digest, expected or _NOTHING) and expected is not None

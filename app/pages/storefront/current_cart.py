"""The cart that a visitor of pages fills."""

from typing import Any
from uuid import UUID

from app.errors import CartNotFound
from app.pages.rendering import document_of, page_state
from app.services.carts.cart_service import CartService
from app.web.cart_tokens import visitor_of
from app.web.request import ShopRequest


async def cart_id_of(request: ShopRequest, carts: CartService) -> UUID:
    """Return the id of the cart.

    Raises:
        CartNotFound: there is none.
    """
    cart_id = await carts.current(visitor_of(request), page_state(request).cart_id)
    if cart_id is None:
        raise CartNotFound("the cart is empty, or was ordered")
    return cart_id


async def cart_of(request: ShopRequest, carts: CartService) -> dict[str, Any] | None:
    """Return the cart with what it costs now, if there is one."""
    visitor = visitor_of(request)
    cart_id = await carts.current(visitor, page_state(request).cart_id)
    return None if cart_id is None else document_of(await carts.show(visitor, cart_id))

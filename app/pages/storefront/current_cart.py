"""The current cart of a visitor of pages, and the link to the order of a cart."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Response
from msgspec import Struct

from app.errors import CartNotFound, CartOrdered
from app.pages.rendering import document_of, page_state, see
from app.services.carts.cart_access import Visitor
from app.services.carts.cart_claims import CartClaims
from app.services.carts.cart_service import CartService
from app.services.identity.browser_log_ins import StartedLogIn
from app.web.cart_tokens import visitor_of
from app.web.request import ShopRequest


class OrderLink(Struct, frozen=True):
    """The address of the page of a cart's order, which may contain the token of the cart."""

    cart_id: UUID
    visitor: Visitor
    token: str = ""

    @property
    def path(self) -> str:
        """The address without the token."""
        return f"/orders/{self.cart_id}"

    @property
    def page(self) -> str:
        """The address of the page."""
        return self.path + self.tail

    @property
    def tail(self) -> str:
        """The query that is appended to the paths of the forms."""
        return _token_query(self.token) if self.token else ""

    @property
    def lasting(self) -> str:
        """The address that shows the order to everybody who knows it."""
        return self.path + _token_query(self.visitor.token or "")


def _token_query(token: str) -> str:
    return f"?t={quote(token, safe='')}"


def order_link_of(request: ShopRequest, cart_id: UUID) -> OrderLink:
    """Return the link of the order of a cart that a request names."""
    token = request.query_params.get("t", "")
    if token:
        return OrderLink(cart_id, Visitor(request.caller, token), token)
    return OrderLink(cart_id, visitor_of(request))


async def cart_id_of(request: ShopRequest, carts: CartService) -> UUID:
    """Return the id of the cart.

    Raises:
        CartNotFound: there is no cart.
    """
    cart_id = await carts.current(visitor_of(request), page_state(request).cart_id)
    if cart_id is None:
        raise CartNotFound("the cart is empty, or was ordered")
    return cart_id


async def cart_of(request: ShopRequest, carts: CartService) -> dict[str, Any] | None:
    """Return the cart with its current price, if there is one."""
    cart = await carts.show_current(visitor_of(request), page_state(request).cart_id)
    return None if cart is None else document_of(cart)


async def logged_in(
    request: ShopRequest, started: StartedLogIn, cart_claims: CartClaims, address: str
) -> Response[bytes]:
    """Return the response to a log-in, a redirect; the cart of the guest is claimed."""
    response, cookies = see(address), request.app.state.cookies
    response.cookies = [cookies.of_log_in(started.cookie)]
    cart_id = page_state(request).cart_id
    if cart_id is None:
        return response
    try:
        await cart_claims.claim(Visitor(started.caller, visitor_of(request).token), cart_id)
    except (CartNotFound, CartOrdered):
        # The cart does not exist, or was ordered: the guest sees its order through this cookie.
        return response
    response.cookies.append(cookies.of_cart(None, None))
    return response

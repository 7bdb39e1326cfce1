"""The header in which the guest of a cart sends its token."""

from app.services.carts.cart_access import Visitor
from app.web.request import ShopRequest

CART_TOKEN = "Cart-Token"  # nosec B105  # the name of a header


def visitor_of(request: ShopRequest) -> Visitor:
    """Return the caller with the token of a cart, if one was sent."""
    return Visitor(request.caller, request.headers.get(CART_TOKEN.lower()))

"""The header in which the guest of a cart sends its token."""

from app.errors import InvalidInput
from app.services.carts.cart_access import Visitor
from app.web.middleware.body_limits import MAX_HEADER_LENGTH
from app.web.request import ShopRequest

CART_TOKEN = "Cart-Token"  # nosec B105  # the name of a header


def visitor_of(request: ShopRequest) -> Visitor:
    """Return the caller with the token of a cart, if one was sent.

    Raises:
        InvalidInput: the token is too long.
    """
    token = request.headers.get(CART_TOKEN.lower())
    if token is not None and len(token) > MAX_HEADER_LENGTH:
        reason = f"must have at most {MAX_HEADER_LENGTH} characters"
        errors = [{"header": CART_TOKEN, "detail": reason}]
        raise InvalidInput("the request is not valid", errors)
    return Visitor(request.caller, token)

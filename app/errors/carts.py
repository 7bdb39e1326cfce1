"""Errors about carts."""

from app.errors.base import Conflict, DomainError, NotFound

__all__ = ["CartClaimed", "CartFull", "CartMerged", "CartNotFound", "CartOrdered", "CodeUnknown"]


class CartNotFound(NotFound):
    """The cart does not exist, or the caller has neither its token nor its user."""

    code, title = "cart-not-found", "Cart not found"


class CartClaimed(Conflict):
    """The cart is part of that of a user, and does not change any more; `location` is the other."""

    code, title = "cart-claimed", "The cart was claimed"


class CartMerged(DomainError):
    """The cart is part of that of a user; `Location` leads there."""

    code, title, status = "cart-merged", "The cart is part of another one", 303


class CartFull(Conflict):
    """The cart has as many lines or codes as it may have."""

    code, title = "cart-full", "The cart is full"


class CartOrdered(Conflict):
    """The cart was ordered and does not change any more; `order_id` is its order."""

    code, title = "cart-ordered", "The cart was ordered"


class CodeUnknown(NotFound):
    """No coupon has the code."""

    code, title = "code-unknown", "Unknown code"

"""Errors about carts."""

from app.errors.base import Conflict, DomainError, NotFound

__all__ = ["CartClaimed", "CartFull", "CartMerged", "CartNotFound", "CartOrdered", "CodeUnknown"]


class CartNotFound(NotFound):
    """The cart does not exist, or the caller has neither its token nor its user."""

    code, title = "cart-not-found", "Cart not found"


class CartClaimed(Conflict):
    """The cart was merged into that of a user and no longer changes; `location` is the other."""

    code, title = "cart-claimed", "The cart was claimed"


class CartMerged(DomainError):
    """The cart was merged into that of a user; `Location` is its address."""

    code, title, status = "cart-merged", "The cart is part of another one", 303


class CartFull(Conflict):
    """The cart has the maximum number of lines or codes."""

    code, title = "cart-full", "The cart is full"


class CartOrdered(Conflict):
    """The cart was ordered and no longer changes; `order_id` is its order."""

    code, title = "cart-ordered", "The cart was ordered"


class CodeUnknown(NotFound):
    """No coupon has the code."""

    code, title = "code-unknown", "Unknown code"

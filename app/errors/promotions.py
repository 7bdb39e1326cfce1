"""Errors about promotions and coupons."""

from app.errors.base import Conflict, NotFound

__all__ = [
    "AutomaticPromotion",
    "CodeDoesNotApply",
    "CouponExists",
    "CouponNotFound",
    "PromotionNotFound",
]


class PromotionNotFound(NotFound):
    """The promotion does not exist."""

    code, title = "promotion-not-found", "Promotion not found"


class CouponNotFound(NotFound):
    """The promotion has no such coupon."""

    code, title = "coupon-not-found", "Coupon not found"


class CouponExists(Conflict):
    """Another coupon has this code, whose spelling may differ in case and spaces."""

    code, title = "coupon-exists", "The code is taken"


class AutomaticPromotion(Conflict):
    """The promotion applies by itself and has no coupons."""

    code, title = "automatic-promotion", "The promotion needs no code"


class CodeDoesNotApply(Conflict):
    """A promotion of the order no longer applies; `reason` says why."""

    code, title = "code-does-not-apply", "The code does not apply"

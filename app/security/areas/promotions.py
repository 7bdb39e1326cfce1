"""The audit events of promotions, which have the scopes of prices."""

from app.security.audited import Audited


class PromotionsAudited(Audited):
    """Events of promotions and their coupons."""

    PROMOTION_ADDED = "promotion.added"
    PROMOTION_CHANGED = "promotion.changed"
    PROMOTION_ENDED = "promotion.ended"
    COUPONS_ADDED = "coupon.added"
    COUPON_CHANGED = "coupon.changed"

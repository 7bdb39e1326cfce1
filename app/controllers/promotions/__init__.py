"""Promotions and their coupons."""

from litestar.openapi.spec import Tag

from app.controllers.promotions.coupon_controller import CouponController
from app.controllers.promotions.promotion_controller import PromotionController

CONTROLLERS = (PromotionController, CouponController)
TAGS = (Tag("promotions", "Promotions and coupons: their reductions and conditions."),)

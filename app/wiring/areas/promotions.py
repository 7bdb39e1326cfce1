"""Builds the services of promotions."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.catalogue.category_repository import CategoryRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.promotions.coupon_repository import CouponRepository
from app.repositories.promotions.promotion_repository import PromotionRepository
from app.repositories.promotions.redemption_repository import RedemptionRepository
from app.services.promotions.coupon_service import CouponService
from app.services.promotions.promotion_records import PromotionRecords
from app.services.promotions.promotion_service import PromotionService
from app.wiring.areas.system import provide_audit
from app.wiring.resources import Shop


def provide_promotion_records(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PromotionRecords:
    """Return the service with which staff manages promotions."""
    return PromotionRecords(
        PromotionRepository(session),
        CategoryRepository(session),
        ProductRepository(session),
        provide_audit(session, shop),
        shop.clock,
    )


def provide_promotions(session: AsyncSession, shop: Shop) -> PromotionService:
    """Return the service that returns the promotions of carts, and counts their uses."""
    return PromotionService(RedemptionRepository(session), shop.clock)


def provide_coupons(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> CouponService:
    """Return the service of coupons."""
    return CouponService(
        CouponRepository(session),
        PromotionRepository(session),
        provide_audit(session, shop),
        shop.clock,
    )


Records = NamedDependency[PromotionRecords]
Coupons = NamedDependency[CouponService]

DEPENDENCIES = {
    "promotions": Provide(provide_promotion_records, sync_to_thread=False),
    "coupons": Provide(provide_coupons, sync_to_thread=False),
}

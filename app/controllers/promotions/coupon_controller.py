"""Routes of the coupons of promotions."""

from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    AutomaticPromotion,
    CouponExists,
    CouponNotFound,
    PreconditionFailed,
    PromotionNotFound,
)
from app.schemas.promotions.coupon_schema import (
    CouponChange,
    CouponPage,
    CouponQuery,
    CouponRead,
    CouponsAdded,
    CouponsCreate,
)
from app.security.areas.prices import PricesScope
from app.security.principal import Access
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.promotions import Coupons


class CouponController(Controller):
    """Coupons of promotions."""

    path = "/promotions/{promotion_id:uuid}/coupons"
    tags = ["promotions"]

    @get(
        summary="List the coupons of a promotion",
        opt=declared(
            PromotionNotFound,
            access=Access.STAFF,
            scope=PricesScope.PRICES_READ,
            query=CouponQuery,
        ),
    )
    async def find(
        self,
        request: ShopRequest,
        promotion_id: FromPath[UUID],
        query: QueryParams,
        coupons: Coupons,
    ) -> Response[CouponPage]:
        """Return a page of the coupons of a promotion, newest first."""
        asked = CouponQuery.parse_query(query.multi_items())
        return json_response(request, await coupons.find(promotion_id, asked))

    @post(
        summary="Add coupons to a promotion",
        opt=declared(
            PromotionNotFound,
            AutomaticPromotion,
            CouponExists,
            access=Access.STAFF,
            scope=PricesScope.PRICES_WRITE,
        ),
    )
    async def add(
        self,
        request: ShopRequest,
        promotion_id: FromPath[UUID],
        data: JSONBody[CouponsCreate],
        coupons: Coupons,
    ) -> Response[CouponsAdded]:
        """Add a coupon with the given code, or `count` coupons with random codes."""
        added = await coupons.add(request.caller, promotion_id, data)
        return created_response(added, f"/api/v1/promotions/{promotion_id}/coupons")

    @get(
        "/{coupon_id:uuid}",
        summary="Show a coupon",
        opt=declared(
            PromotionNotFound,
            CouponNotFound,
            access=Access.STAFF,
            scope=PricesScope.PRICES_READ,
        ),
    )
    async def read(
        self,
        request: ShopRequest,
        promotion_id: FromPath[UUID],
        coupon_id: FromPath[UUID],
        coupons: Coupons,
    ) -> Response[CouponRead]:
        """Return a coupon of a promotion."""
        return json_response(request, await coupons.get(promotion_id, coupon_id))

    @patch(
        "/{coupon_id:uuid}",
        summary="Change a coupon",
        opt=declared(
            PromotionNotFound,
            CouponNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=PricesScope.PRICES_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        promotion_id: FromPath[UUID],
        coupon_id: FromPath[UUID],
        data: JSONBody[CouponChange],
        coupons: Coupons,
    ) -> Response[CouponRead]:
        """Change the given fields; an inactive coupon is not valid for new orders."""
        changed = await coupons.change(
            request.caller, promotion_id, coupon_id, data, request.if_match
        )
        return json_response(request, changed)

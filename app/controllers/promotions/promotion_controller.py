"""Routes of promotions."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import PreconditionFailed, PromotionNotFound
from app.schemas.promotions.promotion_schema import (
    PromotionChange,
    PromotionCreate,
    PromotionPage,
    PromotionQuery,
    PromotionRead,
)
from app.security.areas.prices import PricesScope
from app.security.principal import Access
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.promotions import Records


class PromotionController(Controller):
    """Promotions."""

    path = "/promotions"
    tags = ["promotions"]

    @get(
        summary="List promotions",
        opt=declared(access=Access.STAFF, scope=PricesScope.PRICES_READ, query=PromotionQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, promotions: Records
    ) -> Response[PromotionPage]:
        """Return a page of promotions, newest first."""
        asked = PromotionQuery.parse_query(query.multi_items())
        return json_response(request, await promotions.find(asked))

    @post(
        summary="Add a promotion",
        opt=declared(access=Access.STAFF, scope=PricesScope.PRICES_WRITE),
    )
    async def add(
        self, request: ShopRequest, data: JSONBody[PromotionCreate], promotions: Records
    ) -> Response[PromotionRead]:
        """Add a promotion; with the trigger `code`, it applies as soon as it has coupons."""
        added = await promotions.add(request.caller, data)
        return created_response(added, f"/api/v1/promotions/{added.id}")

    @get(
        "/{promotion_id:uuid}",
        summary="Show a promotion",
        opt=declared(PromotionNotFound, access=Access.STAFF, scope=PricesScope.PRICES_READ),
    )
    async def read(
        self, request: ShopRequest, promotion_id: FromPath[UUID], promotions: Records
    ) -> Response[PromotionRead]:
        """Return a promotion."""
        return json_response(request, await promotions.get(promotion_id))

    @patch(
        "/{promotion_id:uuid}",
        summary="Change a promotion",
        opt=declared(
            PromotionNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=PricesScope.PRICES_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        promotion_id: FromPath[UUID],
        data: JSONBody[PromotionChange],
        promotions: Records,
    ) -> Response[PromotionRead]:
        """Change the given fields; orders that were placed stay unchanged."""
        changed = await promotions.change(request.caller, promotion_id, data, request.if_match)
        return json_response(request, changed)

    @delete(
        "/{promotion_id:uuid}",
        summary="End a promotion",
        opt=declared(
            PromotionNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=PricesScope.PRICES_WRITE,
        ),
    )
    async def end(
        self, request: ShopRequest, promotion_id: FromPath[UUID], promotions: Records
    ) -> None:
        """End a promotion permanently; only the parts that orders used are kept."""
        await promotions.end(request.caller, promotion_id, request.if_match)

"""Routes of drafts of orders."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    DraftChanged,
    DraftNotFound,
    DraftPlaced,
    InsufficientStock,
    NotSoldInCurrency,
    NotSoldToCountry,
    PreconditionFailed,
    ProductNotForSale,
    ShippingMethodNotFound,
    ShippingMethodUnfit,
    TaxUnavailable,
    UserNotActive,
    UserNotFound,
    VariantNotFound,
)
from app.schemas.orders.draft_schema import (
    DraftChange,
    DraftCreate,
    DraftPage,
    DraftPlace,
    DraftQuery,
    DraftRead,
)
from app.schemas.orders.order_schema import OrderRead
from app.security.areas.orders import OrdersScope
from app.security.principal import Access
from app.services.orders.drafts.asked_draft import AskedDraft
from app.web.rendering.order_answers import answer_of_order
from app.web.rendering.responses import created_response, json_response, sent_answer
from app.web.request import ShopRequest
from app.web.request_state import take_claim
from app.web.route_options import Answers, declared
from app.wiring.areas.orders import Batches, Drafts


class DraftController(Controller):
    """Drafts of orders."""

    path = "/order-drafts"
    tags = ["orders"]

    @get(
        summary="List drafts of orders",
        opt=declared(access=Access.STAFF, scope=OrdersScope.ORDERS_READ, query=DraftQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, order_drafts: Drafts
    ) -> Response[DraftPage]:
        """Return a page of drafts, newest first."""
        asked = DraftQuery.parse_query(query.multi_items())
        return json_response(request, await order_drafts.find(asked))

    @post(
        summary="Write a draft of an order",
        opt=declared(
            UserNotFound,
            ShippingMethodNotFound,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_WRITE,
        ),
    )
    async def write(self, data: JSONBody[DraftCreate], order_drafts: Drafts) -> Response[DraftRead]:
        """Write an order for a customer, with its own prices and discounts; it holds no stock."""
        written = await order_drafts.write(data)
        return created_response(written, f"/api/v1/order-drafts/{written.id}")

    @get(
        "/{draft_id:uuid}",
        summary="Show a draft of an order",
        opt=declared(DraftNotFound, access=Access.STAFF, scope=OrdersScope.ORDERS_READ),
    )
    async def read(
        self, request: ShopRequest, draft_id: FromPath[UUID], order_drafts: Drafts
    ) -> Response[DraftRead]:
        """Return a draft with its current price."""
        return json_response(request, await order_drafts.get(draft_id))

    @patch(
        "/{draft_id:uuid}",
        summary="Change a draft of an order",
        opt=declared(
            DraftNotFound,
            DraftPlaced,
            PreconditionFailed,
            ShippingMethodNotFound,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        draft_id: FromPath[UUID],
        data: JSONBody[DraftChange],
        order_drafts: Drafts,
    ) -> Response[DraftRead]:
        """Change the given fields; lines and discounts are replaced as a whole."""
        changed = await order_drafts.change(draft_id, data, request.if_match)
        return json_response(request, changed)

    @delete(
        "/{draft_id:uuid}",
        summary="Delete a draft of an order",
        opt=declared(
            DraftNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_WRITE,
        ),
    )
    async def delete(
        self, request: ShopRequest, draft_id: FromPath[UUID], order_drafts: Drafts
    ) -> None:
        """Delete a draft; the order that was placed from it stays."""
        await order_drafts.delete(draft_id, request.if_match)

    @post(
        "/{draft_id:uuid}/place",
        summary="Place the order of a draft",
        opt=declared(
            DraftNotFound,
            DraftChanged,
            NotSoldInCurrency,
            ShippingMethodNotFound,
            ShippingMethodUnfit,
            UserNotFound,
            UserNotActive,
            VariantNotFound,
            ProductNotForSale,
            InsufficientStock,
            NotSoldToCountry,
            TaxUnavailable,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_WRITE,
            answers=Answers.STORED_BY_ROUTE,
        ),
    )
    async def place(
        self,
        request: ShopRequest,
        draft_id: FromPath[UUID],
        data: JSONBody[DraftPlace],
        order_batches: Batches,
    ) -> Response[OrderRead]:
        """Place the order that a customer agrees to; a repetition returns the same order."""
        asked = AskedDraft(request.caller, draft_id, data)
        claim = take_claim(request.scope)
        return sent_answer(await order_batches.place(asked, claim, answer_of_order))

"""Routes of orders."""

from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    IllegalTransition,
    InsufficientStock,
    NotSoldToCountry,
    OrderLineNotFound,
    OrderNotFound,
    PreconditionFailed,
    ProductNotForSale,
    ProductNotFound,
    QuantityNotLeft,
    ShippingMethodNotFound,
    ShippingMethodUnfit,
    TaxUnavailable,
    UserNotActive,
    UserNotFound,
)
from app.schemas.orders.cancellation_schema import OrderLineCancel
from app.schemas.orders.order_schema import (
    OrderChangeStatus,
    OrderCreate,
    OrderPage,
    OrderQuery,
    OrderRead,
)
from app.security.areas.orders import OrdersScope
from app.security.principal import Access
from app.services.orders.placement import Asked
from app.web.rendering.order_answers import answer_of_order
from app.web.rendering.responses import (
    cached_response,
    json_response,
    sent_answer,
)
from app.web.request import ShopRequest
from app.web.request_state import take_claim
from app.web.respond_async import command_with_body, respond_async
from app.web.route_options import Answers, Deferral, declared
from app.wiring.areas.orders import Batches, Moves, Orders


class OrderController(Controller):
    """Orders."""

    path = "/orders"
    tags = ["orders"]

    @post(
        summary="Place an order",
        opt=declared(
            UserNotFound,
            UserNotActive,
            ProductNotFound,
            ProductNotForSale,
            InsufficientStock,
            NotSoldToCountry,
            ShippingMethodNotFound,
            ShippingMethodUnfit,
            TaxUnavailable,
            access=Access.CUSTOMER,
            scope=OrdersScope.ORDERS_WRITE,
            deferral=Deferral("order", "/api/v1/orders/{id}"),
            answers=Answers.STORED_BY_ROUTE,
        ),
    )
    async def place(
        self, request: ShopRequest, data: JSONBody[OrderCreate], order_batches: Batches
    ) -> Response[OrderRead]:
        """Place an order, completely or not at all, at the current prices."""
        if (response := await respond_async(request, await request.body(), 201)) is not None:
            return response
        asked = Asked(request.caller, data)
        claim = take_claim(request.scope)
        return sent_answer(await order_batches.place(asked, claim, answer_of_order))

    @get(
        summary="List orders",
        opt=declared(access=Access.CUSTOMER, scope=OrdersScope.ORDERS_READ, query=OrderQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, orders: Orders
    ) -> Response[OrderPage]:
        """Return a page of orders by status, user and period: the own ones, or all for staff."""
        return json_response(
            request,
            await orders.find(request.caller, OrderQuery.parse_query(query.multi_items())),
        )

    @get(
        "/{order_id:uuid}",
        summary="Show an order",
        opt=declared(OrderNotFound, access=Access.CUSTOMER, scope=OrdersScope.ORDERS_READ),
    )
    async def read(
        self, request: ShopRequest, order_id: FromPath[UUID], orders: Orders
    ) -> Response[OrderRead]:
        """Return an order with its lines and its history."""
        return cached_response(request, await orders.get(request.caller, order_id))

    @patch(
        "/{order_id:uuid}",
        summary="Change the status of an order",
        opt=declared(
            OrderNotFound,
            IllegalTransition,
            PreconditionFailed,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_WRITE,
            deferral=Deferral("order_update"),
        ),
    )
    async def move(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        data: JSONBody[OrderChangeStatus],
        order_moves: Moves,
    ) -> Response[OrderRead]:
        """Change the status along `pending → paid → shipped → delivered`, or cancel the order."""
        command = await command_with_body(request, "order_data", order_id=order_id)
        if (answer := await respond_async(request, command, 200)) is not None:
            return answer
        return json_response(
            request, await order_moves.move(request.caller, order_id, data.status, request.if_match)
        )

    @post(
        "/{order_id:uuid}/cancel",
        status_code=200,
        summary="Cancel an order",
        opt=declared(
            OrderNotFound,
            IllegalTransition,
            PreconditionFailed,
            access=Access.CUSTOMER,
            scope=OrdersScope.ORDERS_WRITE,
        ),
    )
    async def cancel(
        self, request: ShopRequest, order_id: FromPath[UUID], order_moves: Moves
    ) -> Response[OrderRead]:
        """Cancel an order that is not shipped yet; its units return to stock."""
        return json_response(
            request, await order_moves.cancel(request.caller, order_id, request.if_match)
        )

    @post(
        "/{order_id:uuid}/lines/{variant_id:uuid}/cancel",
        status_code=200,
        summary="Cancel units of a line",
        opt=declared(
            OrderNotFound,
            OrderLineNotFound,
            IllegalTransition,
            QuantityNotLeft,
            PreconditionFailed,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_WRITE,
        ),
    )
    async def cancel_line(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        variant_id: FromPath[UUID],
        data: JSONBody[OrderLineCancel],
        order_moves: Moves,
    ) -> Response[OrderRead]:
        """Cancel units of a line, which return to stock; the last ones cancel the order."""
        return json_response(
            request,
            await order_moves.cancel_line(
                request.caller, order_id, variant_id, data.quantity, request.if_match
            ),
        )

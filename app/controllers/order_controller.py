"""Routes of orders."""

from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.dependencies import Orders
from app.errors import (
    IllegalTransition,
    InsufficientStock,
    OrderNotFound,
    PreconditionFailed,
    ProductNotForSale,
    ProductNotFound,
    UserNotActive,
    UserNotFound,
)
from app.schemas.order_schema import (
    OrderChangeStatus,
    OrderCreate,
    OrderPage,
    OrderQuery,
    OrderRead,
)
from app.web.openapi import documented
from app.web.request import ShopRequest
from app.web.response import created, show


class OrderController(Controller):
    """Orders."""

    path = "/orders"
    tags = ["orders"]

    @post(
        summary="Place an order",
        opt=documented(
            UserNotFound, UserNotActive, ProductNotFound, ProductNotForSale, InsufficientStock
        ),
    )
    async def place(
        self, request: ShopRequest, data: JSONBody[OrderCreate], orders: Orders
    ) -> Response[OrderRead]:
        """Place an order, all of it or nothing, at the prices of this moment."""
        order = await orders.place(data)
        return created(request, order, f"/api/v1/orders/{order.id}")

    @get(summary="List orders", opt=documented(query=OrderQuery))
    async def find(
        self, request: ShopRequest, query: QueryParams, orders: Orders
    ) -> Response[OrderPage]:
        """Show a page of orders, the newest first, by status, user and period."""
        return show(request, await orders.find(OrderQuery.parse_query(query.multi_items())))

    @get("/{order_id:uuid}", summary="Show an order", opt=documented(OrderNotFound))
    async def read(
        self, request: ShopRequest, order_id: FromPath[UUID], orders: Orders
    ) -> Response[OrderRead]:
        """Show one order with its lines and its history."""
        return show(request, await orders.get(order_id))

    @patch(
        "/{order_id:uuid}",
        summary="Change the status of an order",
        opt=documented(OrderNotFound, IllegalTransition, PreconditionFailed),
    )
    async def move(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        data: JSONBody[OrderChangeStatus],
        orders: Orders,
    ) -> Response[OrderRead]:
        """Move an order along `pending → paid → shipped → delivered`, or cancel it."""
        return show(
            request, await orders.move(order_id, data.status, request.headers.get("if-match"))
        )

    @post(
        "/{order_id:uuid}/cancel",
        status_code=200,
        summary="Cancel an order",
        opt=documented(OrderNotFound, IllegalTransition),
    )
    async def cancel(
        self, request: ShopRequest, order_id: FromPath[UUID], orders: Orders
    ) -> Response[OrderRead]:
        """Cancel an order that is not shipped yet; its pieces go back into stock."""
        return show(request, await orders.cancel(order_id))

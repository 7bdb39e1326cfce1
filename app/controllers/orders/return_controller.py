"""Routes of returns."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    CartClaimed,
    CartMerged,
    CartNotFound,
    IllegalTransition,
    NothingToReturn,
    OrderLineNotFound,
    OrderNotFound,
    PreconditionFailed,
    ReturnNotFound,
    ReturnWindowOver,
)
from app.schemas.orders.return_schema import (
    ReturnCreate,
    ReturnDecision,
    ReturnPage,
    ReturnQuery,
    ReturnRead,
    ReturnReceipt,
)
from app.security.areas.orders import OrdersScope
from app.security.principal import Access
from app.web.cart_tokens import visitor_of
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared, for_guests
from app.wiring.areas.orders import Returns

_MOVING = (ReturnNotFound, IllegalTransition, PreconditionFailed)
_BY_STAFF = declared(*_MOVING, access=Access.STAFF, scope=OrdersScope.ORDERS_WRITE)
_REFUSALS = (OrderNotFound, OrderLineNotFound, NothingToReturn, ReturnWindowOver)


class ReturnController(Controller):
    """Returns of orders."""

    tags = ["returns"]

    @get(
        "/orders/{order_id:uuid}/returns",
        summary="List the returns of an order",
        opt=declared(
            OrderNotFound,
            access=Access.CUSTOMER,
            scope=OrdersScope.ORDERS_READ,
            query=ReturnQuery,
        ),
    )
    async def find(
        self, request: ShopRequest, order_id: FromPath[UUID], query: QueryParams, returns: Returns
    ) -> Response[ReturnPage]:
        """Return a page of the returns of an order, the first one first."""
        asked = ReturnQuery.parse_query(query.multi_items())
        return json_response(request, await returns.of_order(request.caller, order_id, asked))

    @post(
        "/orders/{order_id:uuid}/returns",
        summary="Request a return",
        opt=declared(*_REFUSALS, access=Access.CUSTOMER, scope=OrdersScope.ORDERS_WRITE),
    )
    async def request_return(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        data: JSONBody[ReturnCreate],
        returns: Returns,
    ) -> Response[ReturnRead]:
        """Request the return of units that were shipped, until `RETURN_DAYS` after that."""
        asked = await returns.request(request.caller, order_id, data)
        return created_response(asked, f"/api/v1/returns/{asked.id}")

    @get(
        "/returns/{return_id:uuid}",
        summary="Show a return",
        opt=declared(ReturnNotFound, access=Access.CUSTOMER, scope=OrdersScope.ORDERS_READ),
    )
    async def read(
        self, request: ShopRequest, return_id: FromPath[UUID], returns: Returns
    ) -> Response[ReturnRead]:
        """Return a return with its lines, and the amounts that were paid for them."""
        return json_response(request, await returns.get(request.caller, return_id))

    @post(
        "/returns/{return_id:uuid}/approve",
        status_code=200,
        summary="Approve a return",
        opt=_BY_STAFF,
    )
    async def approve(
        self,
        request: ShopRequest,
        return_id: FromPath[UUID],
        data: JSONBody[ReturnDecision],
        returns: Returns,
    ) -> Response[ReturnRead]:
        """Approve a return, and write to the customer."""
        moved = await returns.approve(request.caller, return_id, data, request.if_match)
        return json_response(request, moved)

    @post(
        "/returns/{return_id:uuid}/reject",
        status_code=200,
        summary="Reject a return",
        opt=_BY_STAFF,
    )
    async def reject(
        self,
        request: ShopRequest,
        return_id: FromPath[UUID],
        data: JSONBody[ReturnDecision],
        returns: Returns,
    ) -> Response[ReturnRead]:
        """Reject a return, and write to the customer; its units can be requested again."""
        moved = await returns.reject(request.caller, return_id, data, request.if_match)
        return json_response(request, moved)

    @post(
        "/returns/{return_id:uuid}/receive",
        status_code=200,
        summary="Receive a return",
        opt=_BY_STAFF,
    )
    async def receive(
        self,
        request: ShopRequest,
        return_id: FromPath[UUID],
        data: JSONBody[ReturnReceipt],
        returns: Returns,
    ) -> Response[ReturnRead]:
        """Record the units that have arrived, and restock those that can be sold again."""
        moved = await returns.receive(request.caller, return_id, data, request.if_match)
        return json_response(request, moved)

    @post(
        "/returns/{return_id:uuid}/close",
        status_code=200,
        summary="Close a return",
        opt=_BY_STAFF,
    )
    async def close(
        self, request: ShopRequest, return_id: FromPath[UUID], returns: Returns
    ) -> Response[ReturnRead]:
        """Close a return that needs no more work."""
        moved = await returns.close(request.caller, return_id, request.if_match)
        return json_response(request, moved)

    @post(
        "/returns/{return_id:uuid}/cancel",
        status_code=200,
        summary="Cancel a return",
        opt=declared(*_MOVING, access=Access.CUSTOMER, scope=OrdersScope.ORDERS_WRITE),
    )
    async def cancel(
        self, request: ShopRequest, return_id: FromPath[UUID], returns: Returns
    ) -> Response[ReturnRead]:
        """Cancel a return whose goods have not arrived; its units can be requested again."""
        moved = await returns.cancel(request.caller, return_id, request.if_match)
        return json_response(request, moved)


class GuestReturnController(Controller):
    """Returns of the orders of carts."""

    path = "/carts/{cart_id:uuid}/order/returns"
    tags = ["carts"]

    @get(
        summary="List the returns of the order of a cart",
        opt=declared(
            CartNotFound, CartMerged, OrderNotFound, access=Access.PUBLIC, query=ReturnQuery
        )
        | for_guests(),
    )
    async def find(
        self, request: ShopRequest, cart_id: FromPath[UUID], query: QueryParams, returns: Returns
    ) -> Response[ReturnPage]:
        """Return a page of the returns of an order to its customer, who may be a guest."""
        asked = ReturnQuery.parse_query(query.multi_items())
        return json_response(request, await returns.of_cart(visitor_of(request), cart_id, asked))

    @post(
        summary="Request a return of the order of a cart",
        opt=declared(CartNotFound, CartClaimed, *_REFUSALS, access=Access.PUBLIC) | for_guests(),
    )
    async def request_return(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        data: JSONBody[ReturnCreate],
        returns: Returns,
    ) -> Response[ReturnRead]:
        """Request the return of units that were shipped, until `RETURN_DAYS` after that."""
        asked = await returns.request_of_cart(visitor_of(request), cart_id, data)
        return created_response(asked, f"/api/v1/carts/{cart_id}/order/returns")

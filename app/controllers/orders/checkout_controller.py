"""Routes of the checkout of carts, and of their orders."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    AddressIncomplete,
    CartChanged,
    CartClaimed,
    CartEmpty,
    CartMerged,
    CartNotFound,
    IllegalTransition,
    InsufficientStock,
    NotSoldInCurrency,
    NotSoldToCountry,
    OrderNotFound,
    PreconditionFailed,
    ProductNotForSale,
    ShippingMethodUnfit,
    TaxUnavailable,
    TooManyUnpaidOrders,
    UserNotActive,
    VariantNotFound,
)
from app.schemas.orders.checkout_schema import CheckoutCreate
from app.schemas.orders.order_schema import OrderRead
from app.schemas.orders.shipment_schema import ShipmentPage, ShipmentQuery
from app.security.principal import Access
from app.services.orders.placement import AskedCheckout
from app.web.cart_tokens import visitor_of
from app.web.rendering.order_answers import answer_of_order
from app.web.rendering.responses import json_response, sent_answer
from app.web.request import ShopRequest
from app.web.request_state import take_claim
from app.web.route_options import Answers, declared, for_guests
from app.wiring.areas.orders import Batches, Moves, Orders, Shipments


class CheckoutController(Controller):
    """The checkout of carts."""

    path = "/carts/{cart_id:uuid}"
    tags = ["carts"]

    @post(
        "/checkout",
        summary="Order the goods in a cart",
        opt=declared(
            CartNotFound,
            CartClaimed,
            CartEmpty,
            CartChanged,
            AddressIncomplete,
            NotSoldInCurrency,
            ShippingMethodUnfit,
            TooManyUnpaidOrders,
            UserNotActive,
            VariantNotFound,
            ProductNotForSale,
            InsufficientStock,
            NotSoldToCountry,
            TaxUnavailable,
            access=Access.PUBLIC,
            answers=Answers.STORED_BY_ROUTE,
        )
        | for_guests(),
    )
    async def check_out(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        data: JSONBody[CheckoutCreate],
        order_batches: Batches,
    ) -> Response[OrderRead]:
        """Place the order of a cart, completely or not at all; a repetition returns this order."""
        asked = AskedCheckout(visitor_of(request), cart_id, data)
        claim = take_claim(request.scope)
        return sent_answer(await order_batches.place(asked, claim, answer_of_order))

    @get(
        "/order",
        summary="Show the order of a cart",
        opt=declared(CartNotFound, CartMerged, OrderNotFound, access=Access.PUBLIC) | for_guests(),
    )
    async def read_order(
        self, request: ShopRequest, cart_id: FromPath[UUID], orders: Orders
    ) -> Response[OrderRead]:
        """Return the order of a cart to its customer, who may be a guest."""
        return json_response(request, await orders.of_cart(visitor_of(request), cart_id))

    @get(
        "/order/shipments",
        summary="List the shipments of the order of a cart",
        opt=declared(
            CartNotFound, CartMerged, OrderNotFound, access=Access.PUBLIC, query=ShipmentQuery
        )
        | for_guests(),
    )
    async def read_shipments(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        query: QueryParams,
        shipments: Shipments,
    ) -> Response[ShipmentPage]:
        """Return a page of the shipments of an order to its customer, who may be a guest."""
        asked = ShipmentQuery.parse_query(query.multi_items())
        return json_response(request, await shipments.of_cart(visitor_of(request), cart_id, asked))

    @post(
        "/order/cancel",
        status_code=200,
        summary="Cancel the order of a cart",
        opt=declared(
            CartNotFound,
            CartClaimed,
            OrderNotFound,
            IllegalTransition,
            PreconditionFailed,
            access=Access.PUBLIC,
        )
        | for_guests(),
    )
    async def cancel_order(
        self, request: ShopRequest, cart_id: FromPath[UUID], order_moves: Moves
    ) -> Response[OrderRead]:
        """Cancel an order that is not shipped yet; its cart can then be changed again."""
        cancelled = await order_moves.cancel_of_cart(visitor_of(request), cart_id, request.if_match)
        return json_response(request, cancelled)

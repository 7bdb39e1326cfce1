"""Routes of the payments of an order, for users and for the guests of carts."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from app.errors import (
    CartClaimed,
    CartMerged,
    CartNotFound,
    IllegalTransition,
    NothingToPay,
    OrderNotFound,
    ProviderRefused,
    ProviderUnavailable,
)
from app.schemas.payments.payment_schema import (
    OrderPaymentsRead,
    PaymentCreate,
    PaymentRead,
    PaymentRecord,
)
from app.security.areas.orders import OrdersScope
from app.security.areas.payments import PaymentsScope
from app.security.principal import Access
from app.web.cart_tokens import visitor_of
from app.web.middleware.idempotency import key_of
from app.web.rendering.responses import created_response, json_response, no_store_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared, for_guests
from app.wiring.areas.orders import Books, Calls, Orders, Payments


class OrderPaymentController(Controller):
    """The payments of an order."""

    path = "/orders/{order_id:uuid}/payments"
    tags = ["payments"]

    @get(
        summary="Show the payments of an order",
        opt=declared(OrderNotFound, access=Access.CUSTOMER, scope=OrdersScope.ORDERS_READ),
    )
    async def read(
        self, request: ShopRequest, order_id: FromPath[UUID], payment_books: Books
    ) -> Response[OrderPaymentsRead]:
        """Return the payments and refunds of an order, the oldest first."""
        return json_response(request, await payment_books.of_order(request.caller.owner, order_id))

    @post(
        summary="Pay an order",
        opt=declared(
            OrderNotFound,
            IllegalTransition,
            NothingToPay,
            ProviderRefused,
            ProviderUnavailable,
            access=Access.CUSTOMER,
            scope=OrdersScope.ORDERS_WRITE,
            answers=Answers.ROW_OF_ROUTE,
        ),
    )
    async def pay(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        data: JSONBody[PaymentCreate],
        payment_calls: Calls,
    ) -> Response[PaymentRead]:
        """Begin a payment of the open sum; `action` is the next action of the customer."""
        key = key_of(request.headers)
        payment = await payment_calls.pay(request.caller.owner, order_id, data, key)
        return no_store_response(payment, 201)

    @post(
        "/record",
        summary="Record money that arrived",
        opt=declared(
            OrderNotFound,
            access=Access.STAFF,
            scope=PaymentsScope.PAYMENTS_WRITE,
            answers=Answers.STORED,
        ),
    )
    async def record(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        data: JSONBody[PaymentRecord],
        payments: Payments,
    ) -> Response[PaymentRead]:
        """Record a transfer, cash or a similar payment; an excess is to be refunded."""
        payment = PaymentRead.model_validate(
            await payments.record(request.caller.name, order_id, data)
        )
        return created_response(payment, f"/api/v1/payments/{payment.id}")


class CartPaymentController(Controller):
    """The payments of the order of a cart."""

    path = "/carts/{cart_id:uuid}/order/payments"
    tags = ["payments"]

    @get(
        summary="Show the payments of the order of a cart",
        opt=declared(CartNotFound, CartMerged, OrderNotFound, access=Access.PUBLIC) | for_guests(),
    )
    async def read(
        self, request: ShopRequest, cart_id: FromPath[UUID], orders: Orders, payment_books: Books
    ) -> Response[OrderPaymentsRead]:
        """Return the payments and refunds to the customer, who may be a guest."""
        order = await orders.of_cart(visitor_of(request), cart_id)
        return json_response(request, await payment_books.of_order(None, order.id))

    @post(
        summary="Pay the order of a cart",
        opt=declared(
            CartNotFound,
            CartClaimed,
            OrderNotFound,
            IllegalTransition,
            NothingToPay,
            ProviderRefused,
            ProviderUnavailable,
            access=Access.PUBLIC,
            answers=Answers.ROW_OF_ROUTE,
        )
        | for_guests(),
    )
    async def pay(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        data: JSONBody[PaymentCreate],
        payment_calls: Calls,
    ) -> Response[PaymentRead]:
        """Begin a payment of the open sum; `action` is the next action of the customer."""
        key = key_of(request.headers)
        payment = await payment_calls.pay_of_cart(visitor_of(request), cart_id, data, key)
        return no_store_response(payment, 201)

"""The pages of an order, for guests with a link and for users."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from app.errors import (
    CartNotFound,
    IllegalTransition,
    NothingToPay,
    NothingToReturn,
    OrderNotFound,
    ReturnWindowOver,
)
from app.pages.forms import form_of
from app.pages.rendering import HTML, document_of, origin_of, page, see
from app.pages.storefront.checkout_controller import paid_at
from app.pages.storefront.current_cart import order_link_of
from app.pages.storefront.payment_controller import address_after, ways_to_pay
from app.schemas.orders.order_schema import OrderRead
from app.schemas.orders.return_schema import ReturnCreate
from app.schemas.payments.payment_schema import PaymentCreate
from app.security.principal import Access
from app.services.invoices.invoice_books import InvoiceBooks
from app.services.orders.fulfilment.order_overviews import OrderOverview
from app.settings import Settings
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared, for_guests
from app.wiring.areas.invoices import Books as Invoices
from app.wiring.areas.orders import Calls, Moves, Overviews, Returns
from app.wiring.resources import Shop

_GUESTS = for_guests()
_UNPAID = "pending"
_SOON = timedelta(minutes=1)
_UNITS = ("lines[0].quantity",)


class _Place(Struct, frozen=True):
    """The address of the page of an order."""

    path: str
    tail: str = ""
    """The query that is appended to the paths of the forms."""
    lasting: str = ""
    """The address that shows the order to everybody who knows it."""


class GuestOrderController(Controller):
    """The order of a cart, for its guest."""

    path = "/orders/{cart_id:uuid}"
    include_in_schema = False

    @get(opt=declared(CartNotFound, OrderNotFound, access=Access.PUBLIC, formats=(HTML,)) | _GUESTS)
    async def show(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        order_overviews: Overviews,
        invoice_books: Invoices,
        shop: NamedDependency[Shop],
    ) -> Response[bytes]:
        """Show the order, and the actions of its customer."""
        link = order_link_of(request, cart_id)
        seen = await order_overviews.of_cart(link.visitor, cart_id)
        place = _Place(link.path, link.tail, link.lasting)
        return await _order_page(request, shop, seen, invoice_books, place)

    @post("/cancel", opt=declared(CartNotFound, IllegalTransition, access=Access.PUBLIC) | _GUESTS)
    async def cancel(
        self, request: ShopRequest, cart_id: FromPath[UUID], order_moves: Moves
    ) -> Response[bytes]:
        """Cancel the order."""
        link = order_link_of(request, cart_id)
        order = await order_moves.cancel_of_cart(link.visitor, cart_id, request.if_match)
        # The cart no longer has an order, and can be changed again.
        return see(f"/cart?cancelled={order.number}")

    @post(
        "/payments",
        opt=declared(CartNotFound, NothingToPay, access=Access.PUBLIC, answers=Answers.ROW_OF_ROUTE)
        | _GUESTS,
    )
    async def pay(
        self, request: ShopRequest, cart_id: FromPath[UUID], payment_calls: Calls
    ) -> Response[bytes]:
        """Begin a payment of the open sum."""
        link, data = order_link_of(request, cart_id), form_of(request, PaymentCreate)
        return see(
            await paid_at(request, payment_calls, link.visitor, cart_id, data.provider, link.page)
        )

    @post(
        "/returns",
        opt=declared(CartNotFound, NothingToReturn, ReturnWindowOver, access=Access.PUBLIC)
        | _GUESTS,
    )
    async def send_back(
        self, request: ShopRequest, cart_id: FromPath[UUID], returns: Returns
    ) -> Response[bytes]:
        """Request the return of units of a line."""
        link = order_link_of(request, cart_id)
        data = form_of(request, ReturnCreate, whole=_UNITS)
        await returns.request_of_cart(link.visitor, cart_id, data)
        return see(link.page)


class OwnOrderController(Controller):
    """The orders of a user."""

    path = "/account/orders/{order_id:uuid}"
    include_in_schema = False

    @get(opt=declared(OrderNotFound, access=Access.CUSTOMER, formats=(HTML,)))
    async def show(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        order_overviews: Overviews,
        invoice_books: Invoices,
        shop: NamedDependency[Shop],
    ) -> Response[bytes]:
        """Show the order, and the actions of its customer."""
        seen = await order_overviews.of_order(request.caller.owner, order_id)
        place = _Place(f"/account/orders/{order_id}")
        return await _order_page(request, shop, seen, invoice_books, place)

    @post("/cancel", opt=declared(OrderNotFound, IllegalTransition, access=Access.CUSTOMER))
    async def cancel(
        self, request: ShopRequest, order_id: FromPath[UUID], order_moves: Moves
    ) -> Response[bytes]:
        """Cancel the order."""
        await order_moves.cancel(request.caller, order_id, request.if_match)
        return see(f"/account/orders/{order_id}")

    @post(
        "/payments",
        opt=declared(
            OrderNotFound, NothingToPay, access=Access.CUSTOMER, answers=Answers.ROW_OF_ROUTE
        ),
    )
    async def pay(
        self, request: ShopRequest, order_id: FromPath[UUID], payment_calls: Calls
    ) -> Response[bytes]:
        """Begin a payment of the open sum."""
        asked: Any = form_of(request, PaymentCreate)
        here = f"/account/orders/{order_id}"
        asked.return_url = origin_of(request) + here
        payment = await payment_calls.pay(request.caller.owner, order_id, asked, None)
        return see(address_after(payment, here))

    @post(
        "/returns",
        opt=declared(OrderNotFound, NothingToReturn, ReturnWindowOver, access=Access.CUSTOMER),
    )
    async def send_back(
        self, request: ShopRequest, order_id: FromPath[UUID], returns: Returns
    ) -> Response[bytes]:
        """Request the return of units of a line."""
        data = form_of(request, ReturnCreate, whole=_UNITS)
        await returns.request(request.caller, order_id, data)
        return see(f"/account/orders/{order_id}")


def _is_by_transfer(settings: Settings, order: OrderRead) -> bool:
    """Return whether an order waits for its payment as long as for a transfer."""
    if "manual" not in settings.payment_providers:
        return False
    waits = timedelta(hours=settings.manual_payment_hours) - _SOON
    return order.pay_by is None or order.pay_by - order.created_at > waits


async def _order_page(
    request: ShopRequest,
    shop: Shop,
    seen: OrderOverview,
    invoice_books: InvoiceBooks,
    place: _Place,
) -> Response[bytes]:
    """Return the page of an order; an unpaid order has no invoice."""
    order = document_of(seen.order)
    is_unpaid = order["status"] == _UNPAID
    invoices = [] if is_unpaid else (await invoice_books.of_seen(seen.order.id)).items
    settings = shop.settings
    return page(
        request,
        "storefront/order.html",
        order=order,
        payments=document_of(seen.payments),
        shipments=document_of(seen.shipments),
        returns=document_of(seen.returns),
        invoices=document_of(invoices),
        providers=ways_to_pay(settings),
        redirected=request.query_params.get("redirect_status", ""),
        is_by_transfer=_is_by_transfer(settings, seen.order),
        instructions=settings.payment_instructions,
        place=place.path,
        tail=place.tail,
        lasting=place.lasting,
    )

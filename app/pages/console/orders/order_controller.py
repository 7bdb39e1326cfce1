"""The pages of orders: the list, and an order with its actions."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.errors import (
    IllegalTransition,
    InvalidInput,
    OrderLineNotFound,
    OrderNotFound,
    PreconditionFailed,
    QuantityNotLeft,
    ShipmentNotFound,
)
from app.pages.console.asked import CURSOR, address_without_cursor, filters_of
from app.pages.console.orders.own_parts import require_own_parts
from app.pages.console.orders.timeline import timeline_of
from app.pages.forms import form_of
from app.pages.rendering import HTML, changeable, document_of, page, see
from app.schemas.orders.cancellation_schema import OrderLineCancel
from app.schemas.orders.order_schema import OrderQuery
from app.schemas.orders.return_schema import ReturnQuery
from app.schemas.orders.shipment_schema import ShipmentCreate, ShipmentQuery
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.invoices import Books as Invoices
from app.wiring.areas.orders import Books, Moves, Orders, Returns, Shipments
from app.wiring.resources import Shop

ORDERS = "/console/orders"
_MAX_EMAIL, _MAX_DIGITS = 254, 9
_CHANGING = declared(OrderNotFound, IllegalTransition, PreconditionFailed, access=Access.STAFF)
_SENDING = declared(ShipmentNotFound, IllegalTransition, PreconditionFailed, access=Access.STAFF)


class OrderPages(Controller):
    """The pages of orders."""

    path = ORDERS
    include_in_schema = False
    guards = [require_own_parts]

    @get(opt=declared(InvalidInput, access=Access.STAFF, formats=(HTML,)))
    async def find(
        self, request: ShopRequest, orders: Orders, shop: NamedDependency[Shop]
    ) -> Response[bytes]:
        """Show the orders that fit the filters, the newest first."""
        query = _query_of(request)
        found = None if query is None else await orders.find(request.caller, query)
        return page(
            request,
            "console/orders.html",
            orders={"items": [], "next": None} if found is None else document_of(found),
            filters=filters_of(request),
            list_address=address_without_cursor(request),
            now=shop.clock.now(),
        )

    @get(
        "/{order_id:uuid}",
        opt=declared(OrderNotFound, access=Access.STAFF, formats=(HTML,)),
    )
    async def show(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        orders: Orders,
        payment_books: Books,
        shipments: Shipments,
        returns: Returns,
        invoice_books: Invoices,
    ) -> Response[bytes]:
        """Show an order, its money, its shipments, its returns and its history."""
        found = await orders.get(request.caller, order_id)
        order = document_of(found)
        money = document_of(await payment_books.of_order(None, order_id))
        parcels = await shipments.of_order(request.caller, order_id, ShipmentQuery())
        asked = await returns.of_order(request.caller, order_id, ReturnQuery())
        return page(
            request,
            "console/order.html",
            order=order,
            version=found.representation.etag,
            money=money,
            shipments=[changeable(each) for each in parcels.items],
            returns=[changeable(each) for each in asked.items],
            invoices=document_of(await invoice_books.of_order(None, order_id))["items"],
            timeline=timeline_of(order, money, parcels.items, asked.items),
        )

    @get(
        "/{order_id:uuid}/version",
        opt=declared(OrderNotFound, access=Access.STAFF, formats=(HTML,)),
    )
    async def compare(
        self, request: ShopRequest, order_id: FromPath[UUID], orders: Orders
    ) -> Response[bytes]:
        """Show whether an order has changed since its page was loaded."""
        order = document_of(await orders.get(request.caller, order_id))
        is_seen = request.query_params.get("seen") == str(order["version"])
        return page(request, "console/order_version.html", order=order, is_seen=is_seen)

    @post("/{order_id:uuid}/cancel", opt=_CHANGING)
    async def cancel(
        self, request: ShopRequest, order_id: FromPath[UUID], order_moves: Moves
    ) -> Response[bytes]:
        """Cancel an order that is not shipped yet."""
        await order_moves.cancel(request.caller, order_id, request.if_match)
        return see(f"{ORDERS}/{order_id}")

    @post(
        "/{order_id:uuid}/lines/{variant_id:uuid}/cancel",
        opt=declared(
            OrderNotFound,
            OrderLineNotFound,
            IllegalTransition,
            QuantityNotLeft,
            PreconditionFailed,
            access=Access.STAFF,
        ),
    )
    async def cancel_line(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        variant_id: FromPath[UUID],
        order_moves: Moves,
    ) -> Response[bytes]:
        """Cancel units of a line, by default all that are left."""
        units = form_of(request, OrderLineCancel, whole=("quantity",)).quantity
        await order_moves.cancel_line(request.caller, order_id, variant_id, units, request.if_match)
        return see(f"{ORDERS}/{order_id}")

    @post(
        "/{order_id:uuid}/pack",
        opt=declared(
            OrderNotFound,
            IllegalTransition,
            QuantityNotLeft,
            PreconditionFailed,
            access=Access.STAFF,
        ),
    )
    async def pack(
        self, request: ShopRequest, order_id: FromPath[UUID], shipments: Shipments
    ) -> Response[bytes]:
        """Pack all units that are left into a shipment."""
        asked = form_of(request, ShipmentCreate)
        await shipments.pack(request.caller, order_id, asked, request.if_match)
        return see(f"{ORDERS}/{order_id}")

    @post("/{order_id:uuid}/shipments/{shipment_id:uuid}/ship", opt=_SENDING)
    async def ship(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        shipment_id: FromPath[UUID],
        shipments: Shipments,
    ) -> Response[bytes]:
        """Record that a shipment has left the shop."""
        await shipments.ship(request.caller, shipment_id, request.if_match)
        return see(f"{ORDERS}/{order_id}")

    @post("/{order_id:uuid}/shipments/{shipment_id:uuid}/deliver", opt=_SENDING)
    async def deliver(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        shipment_id: FromPath[UUID],
        shipments: Shipments,
    ) -> Response[bytes]:
        """Record that a shipment has arrived."""
        await shipments.deliver(request.caller, shipment_id, request.if_match)
        return see(f"{ORDERS}/{order_id}")


def _query_of(request: ShopRequest) -> OrderQuery | None:
    """Return the query, or None if no order can match it.

    Days are those of UTC, and the last one belongs to the period.
    """
    given = filters_of(request)
    if searched := given.pop("search", "").strip():
        name, value = _searched(searched)
        if not value:
            return None
        given[name] = value
    if first := given.pop("from", None):
        given["placed_from"] = f"{first}T00:00:00Z"
    if last := given.pop("to", None):
        given["placed_before"] = f"{last}T23:59:59.999999Z"
    if cursor := request.query_params.get(CURSOR):
        given[CURSOR] = cursor
    return OrderQuery.parse_query(given.items())


def _searched(text: str) -> tuple[str, str]:
    """Return the parameter for a search text, and its value; it is empty if nothing can match."""
    if "@" in text:
        return "email", text if len(text) <= _MAX_EMAIL and text.isprintable() else ""
    digits = text.removeprefix("#").lstrip("0")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS
    return "number", digits if is_number else ""

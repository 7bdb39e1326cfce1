"""Routes of shipments."""

from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    IllegalTransition,
    OrderLineNotFound,
    OrderNotFound,
    PreconditionFailed,
    QuantityNotLeft,
    ShipmentNotFound,
)
from app.schemas.orders.shipment_schema import (
    PackingSlipQuery,
    ShipmentChange,
    ShipmentCreate,
    ShipmentPage,
    ShipmentQuery,
    ShipmentRead,
)
from app.security.areas.orders import OrdersScope
from app.security.principal import Access
from app.web.rendering.invoice_answers import PDF, slips_response
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.orders import Shipments, Slips

_MOVING = declared(
    ShipmentNotFound,
    IllegalTransition,
    PreconditionFailed,
    access=Access.STAFF,
    scope=OrdersScope.ORDERS_WRITE,
)


class ShipmentController(Controller):
    """Shipments of orders."""

    tags = ["shipments"]

    @get(
        "/orders/{order_id:uuid}/shipments",
        summary="List the shipments of an order",
        opt=declared(
            OrderNotFound,
            access=Access.CUSTOMER,
            scope=OrdersScope.ORDERS_READ,
            query=ShipmentQuery,
        ),
    )
    async def find(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        query: QueryParams,
        shipments: Shipments,
    ) -> Response[ShipmentPage]:
        """Return a page of the shipments of an order, the first one first."""
        asked = ShipmentQuery.parse_query(query.multi_items())
        return json_response(request, await shipments.of_order(request.caller, order_id, asked))

    @post(
        "/orders/{order_id:uuid}/shipments",
        summary="Pack a shipment",
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
    async def pack(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        data: JSONBody[ShipmentCreate],
        shipments: Shipments,
    ) -> Response[ShipmentRead]:
        """Pack units of a paid order, by default all that are left."""
        packed = await shipments.pack(request.caller, order_id, data, request.if_match)
        return created_response(packed, f"/api/v1/shipments/{packed.id}")

    @get(
        "/shipments/{shipment_id:uuid}",
        summary="Show a shipment",
        opt=declared(ShipmentNotFound, access=Access.CUSTOMER, scope=OrdersScope.ORDERS_READ),
    )
    async def read(
        self, request: ShopRequest, shipment_id: FromPath[UUID], shipments: Shipments
    ) -> Response[ShipmentRead]:
        """Return a shipment with its lines."""
        return json_response(request, await shipments.get(request.caller, shipment_id))

    @get(
        "/shipments/{shipment_id:uuid}/packing-slip",
        summary="Print a packing slip",
        opt=declared(
            ShipmentNotFound,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_READ,
            formats=(PDF,),
        ),
    )
    async def print_slip(
        self, request: ShopRequest, shipment_id: FromPath[UUID], packing_slips: Slips
    ) -> Response[None]:
        """Return the packing slip of a shipment as PDF, in the language of the customer."""
        return await slips_response(request, await packing_slips.of([shipment_id]))

    @get(
        "/shipments/packing-slips",
        summary="Print packing slips",
        opt=declared(
            ShipmentNotFound,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_READ,
            query=PackingSlipQuery,
            formats=(PDF,),
        ),
    )
    async def print_slips(
        self, request: ShopRequest, query: QueryParams, packing_slips: Slips
    ) -> Response[None]:
        """Return the packing slips of up to 50 shipments as one PDF."""
        asked = PackingSlipQuery.parse_query(query.multi_items())
        return await slips_response(request, await packing_slips.of(asked.id))

    @patch(
        "/shipments/{shipment_id:uuid}",
        summary="Change a shipment",
        opt=declared(
            ShipmentNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        shipment_id: FromPath[UUID],
        data: JSONBody[ShipmentChange],
        shipments: Shipments,
    ) -> Response[ShipmentRead]:
        """Change the carrier, the tracking number or the note of a shipment."""
        changed = await shipments.change(request.caller, shipment_id, data, request.if_match)
        return json_response(request, changed)

    @post(
        "/shipments/{shipment_id:uuid}/ship",
        status_code=200,
        summary="Ship a shipment",
        opt=_MOVING,
    )
    async def ship(
        self, request: ShopRequest, shipment_id: FromPath[UUID], shipments: Shipments
    ) -> Response[ShipmentRead]:
        """Record that a shipment has left the shop; with the last one, the order is shipped."""
        moved = await shipments.ship(request.caller, shipment_id, request.if_match)
        return json_response(request, moved)

    @post(
        "/shipments/{shipment_id:uuid}/deliver",
        status_code=200,
        summary="Deliver a shipment",
        opt=_MOVING,
    )
    async def deliver(
        self, request: ShopRequest, shipment_id: FromPath[UUID], shipments: Shipments
    ) -> Response[ShipmentRead]:
        """Record that a shipment has arrived; with the last one, the order is delivered."""
        moved = await shipments.deliver(request.caller, shipment_id, request.if_match)
        return json_response(request, moved)

    @post(
        "/shipments/{shipment_id:uuid}/cancel",
        status_code=200,
        summary="Cancel a shipment",
        opt=_MOVING,
    )
    async def cancel(
        self, request: ShopRequest, shipment_id: FromPath[UUID], shipments: Shipments
    ) -> Response[ShipmentRead]:
        """Cancel a shipment that has not left the shop; its units can be packed again."""
        moved = await shipments.cancel(request.caller, shipment_id, request.if_match)
        return json_response(request, moved)

"""The pages to pack and ship paid orders, one after the other, the oldest first."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.core.order_statuses import OrderStatus
from app.errors import (
    IllegalTransition,
    OrderLineNotFound,
    OrderNotFound,
    PreconditionFailed,
    QuantityNotLeft,
)
from app.pages.console.units import chosen_units
from app.pages.rendering import HTML, document_of, page, see
from app.schemas.orders.order_schema import OrderQuery
from app.schemas.orders.shipment_schema import ShipmentCreate
from app.security.principal import Access, Caller
from app.services.orders.order_service import OrderService
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.orders import Orders, Shipments

PACK = "/console/pack"
_SHOWN = 25


class PackingPages(Controller):
    """Packing and shipping."""

    path = PACK
    include_in_schema = False

    @get(opt=declared(access=Access.STAFF, formats=(HTML,)))
    async def show(
        self, request: ShopRequest, orders: Orders, shipments: Shipments
    ) -> Response[bytes]:
        """Show the orders that wait, the oldest first."""
        waiting = await _waiting(orders, request.caller)
        first = await shipments.next_to_pack()
        return page(request, "console/packing.html", waiting=waiting, first=first)

    @get("/{order_id:uuid}", opt=declared(OrderNotFound, access=Access.STAFF, formats=(HTML,)))
    async def pack(
        self, request: ShopRequest, order_id: FromPath[UUID], orders: Orders, shipments: Shipments
    ) -> Response[bytes]:
        """Show the units of an order that are left to be packed."""
        found = await orders.get(request.caller, order_id)
        order = document_of(found)
        waiting = await _waiting(orders, request.caller)
        lines = _lines_to_pack(order, await shipments.codes_of(order_id))
        first = None if lines else await shipments.next_to_pack()
        return page(
            request,
            "console/packing_order.html",
            order=order,
            lines=lines,
            version=found.representation.etag,
            waiting=waiting,
            first=first,
        )

    @post(
        "/{order_id:uuid}",
        opt=declared(
            OrderNotFound,
            OrderLineNotFound,
            IllegalTransition,
            QuantityNotLeft,
            PreconditionFailed,
            access=Access.STAFF,
        ),
    )
    async def ship(
        self, request: ShopRequest, order_id: FromPath[UUID], shipments: Shipments
    ) -> Response[bytes]:
        """Pack and ship the units of the form in one parcel, and show the next order."""
        parcel = await shipments.pack(
            request.caller, order_id, chosen_units(request, ShipmentCreate), request.if_match
        )
        await shipments.ship(request.caller, parcel.id)
        following = await shipments.next_to_pack(but=order_id)
        return see(PACK if following is None else f"{PACK}/{following}")


async def _waiting(orders: OrderService, caller: Caller) -> Any:
    """Return the first page of the orders that are paid and not all shipped, with their number."""
    query = OrderQuery(status=OrderStatus.PAID, sort="created_at", limit=_SHOWN, count="true")
    return document_of(await orders.find(caller, query))


def _lines_to_pack(
    order: dict[str, Any], codes: Mapping[UUID, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return the lines with units left, with their number and the codes for a scanner."""
    lines = []
    for line in order["items"]:
        if (left := _left(line)) > 0:
            variant_id = UUID(line.get("variant_id") or line["product_id"])
            known = {line["sku"]: None} | dict.fromkeys(codes.get(variant_id, ()))
            lines.append(line | {"left": left, "codes": list(known)})
    return lines


def _left(line: dict[str, Any]) -> int:
    """Return the number of units of a line that are neither in a parcel nor cancelled."""
    gone = line.get("cancelled_quantity", 0) + line.get("shipped_quantity", 0)
    return int(line["quantity"]) - int(gone)

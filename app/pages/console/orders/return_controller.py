"""The forms of an order's page about its returns."""

from uuid import UUID

from litestar import Controller, Response, post
from litestar.params import FromPath

from app.errors import IllegalTransition, PreconditionFailed, ReturnNotFound
from app.pages.console.orders.order_controller import ORDERS
from app.pages.console.orders.own_parts import require_own_parts
from app.pages.forms import fields_of, form_of
from app.pages.rendering import see
from app.schemas.orders.return_schema import ReturnDecision, ReturnReceipt
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.orders import Returns

_MOVING = declared(ReturnNotFound, IllegalTransition, PreconditionFailed, access=Access.STAFF)


class OrderReturnPages(Controller):
    """The actions of staff on the returns of an order."""

    path = f"{ORDERS}/{{order_id:uuid}}/returns/{{return_id:uuid}}"
    include_in_schema = False
    guards = [require_own_parts]

    @post("/approve", opt=_MOVING)
    async def approve(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        return_id: FromPath[UUID],
        returns: Returns,
    ) -> Response[bytes]:
        """Approve a return, and write to the customer."""
        answer = form_of(request, ReturnDecision)
        await returns.approve(request.caller, return_id, answer, request.if_match)
        return see(f"{ORDERS}/{order_id}")

    @post("/reject", opt=_MOVING)
    async def reject(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        return_id: FromPath[UUID],
        returns: Returns,
    ) -> Response[bytes]:
        """Reject a return, and write to the customer."""
        answer = form_of(request, ReturnDecision)
        await returns.reject(request.caller, return_id, answer, request.if_match)
        return see(f"{ORDERS}/{order_id}")

    @post("/receive", opt=_MOVING)
    async def receive(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        return_id: FromPath[UUID],
        returns: Returns,
    ) -> Response[bytes]:
        """Record the units that have arrived; good ones return to stock."""
        counts = [name for name, _ in fields_of(request) if name.endswith("quantity")]
        arrived = form_of(request, ReturnReceipt, whole=counts)
        await returns.receive(request.caller, return_id, arrived, request.if_match)
        return see(f"{ORDERS}/{order_id}")

    @post("/close", opt=_MOVING)
    async def close(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        return_id: FromPath[UUID],
        returns: Returns,
    ) -> Response[bytes]:
        """Close a return that needs no more work."""
        await returns.close(request.caller, return_id, request.if_match)
        return see(f"{ORDERS}/{order_id}")

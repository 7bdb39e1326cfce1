"""Requires that the payment or the return in a path belongs to the order in the path."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from app.services.orders.payments.order_parts import PARTS
from app.web.request_state import state_of
from app.wiring.areas.orders import provide_order_parts
from app.wiring.resources import Shop


async def require_own_parts(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Require that the order in a path has the other parts that the path names.

    Raises:
        InvoiceNotFound, PaymentNotFound, RefundNotFound, ReturnNotFound, ShipmentNotFound: nothing
        is changed.
    """
    ids = connection.path_params
    named = {name: ids[name] for name in PARTS if name in ids}
    if not named:
        return
    shop: Shop = connection.app.state.shop
    # A call of a provider must not be inside a transaction, so this read ends before the handler.
    open_session = state_of(connection.scope).session
    async with shop.database.request_session(open_session, is_read=True) as session:
        await provide_order_parts(session).require(ids["order_id"], named)

"""The pages of orders: the list, and an order with what can be done with it."""

from litestar import Controller, Response, get

from app.errors import InvalidInput
from app.pages.console.asked import CURSOR, address_without_cursor, filters_of
from app.pages.rendering import HTML, document_of, page
from app.schemas.orders.order_schema import OrderQuery
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.orders import Orders

ORDERS = "/console/orders"


class OrderPages(Controller):
    """The pages of orders."""

    path = ORDERS
    include_in_schema = False

    @get(opt=declared(InvalidInput, access=Access.STAFF, formats=(HTML,)))
    async def find(self, request: ShopRequest, orders: Orders) -> Response[bytes]:
        """Show the orders that fit the filters, the newest first."""
        return page(
            request,
            "console/orders.html",
            orders=document_of(await orders.find(request.caller, _query_of(request))),
            filters=filters_of(request),
            list_address=address_without_cursor(request),
        )


def _query_of(request: ShopRequest) -> OrderQuery:
    """Return the query; days are those of UTC, and the last one belongs to the period."""
    given = filters_of(request)
    if first := given.pop("from", None):
        given["placed_from"] = f"{first}T00:00:00Z"
    if last := given.pop("to", None):
        given["placed_before"] = f"{last}T23:59:59.999999Z"
    if cursor := request.query_params.get(CURSOR):
        given[CURSOR] = cursor
    return OrderQuery.parse_query(given.items())

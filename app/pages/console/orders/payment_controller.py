"""The page of payments that need a person, and the form that ends that."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.errors import InvalidInput, PaymentNotFound
from app.pages.console.asked import CURSOR, address_without_cursor
from app.pages.console.orders.order_controller import ORDERS
from app.pages.console.orders.own_parts import require_own_parts
from app.pages.forms import form_of
from app.pages.rendering import HTML, document_of, page, see
from app.schemas.payments.payment_schema import PaymentQuery, PaymentSeen
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.orders import Books, Reviews


class PaymentPages(Controller):
    """The payments that a person must look at."""

    path = "/console"
    include_in_schema = False
    guards = [require_own_parts]

    @get("/payments", opt=declared(InvalidInput, access=Access.STAFF, formats=(HTML,)))
    async def find(self, request: ShopRequest, payment_books: Books) -> Response[bytes]:
        """Show the payments that need a person, each with the reason, the newest first."""
        return page(
            request,
            "console/payments.html",
            payments=document_of(await payment_books.find(_query_of(request))),
            list_address=address_without_cursor(request),
        )

    @post(
        f"{ORDERS.removeprefix('/console')}/{{order_id:uuid}}/payments/{{payment_id:uuid}}/seen",
        opt=declared(PaymentNotFound, access=Access.STAFF),
    )
    async def mark_seen(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        payment_id: FromPath[UUID],
        payment_attention: Reviews,
    ) -> Response[bytes]:
        """Note that nothing is left to be done about the reason."""
        seen = form_of(request, PaymentSeen)
        await payment_attention.mark_seen(request.caller, payment_id, seen)
        return see(f"{ORDERS}/{order_id}")


def _query_of(request: ShopRequest) -> PaymentQuery:
    given = {"needs_attention": "true"}
    if cursor := request.query_params.get(CURSOR):
        given[CURSOR] = cursor
    return PaymentQuery.parse_query(given.items())

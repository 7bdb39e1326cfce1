"""The first page of the console: the work that waits for staff."""

from datetime import timedelta
from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from app.core.order_statuses import OrderStatus
from app.pages.console.last_weeks import last_weeks
from app.pages.rendering import HTML, document_of, page
from app.schemas.catalogue.variant_schema import VariantQuery
from app.schemas.messaging.dead_letter_schema import DeadLetterQuery
from app.schemas.orders.order_schema import OrderQuery
from app.schemas.payments.payment_schema import PaymentQuery
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Variants
from app.wiring.areas.messaging import DeadLetters
from app.wiring.areas.orders import Books, Orders
from app.wiring.areas.reports import Reports
from app.wiring.areas.system import Mails
from app.wiring.resources import Shop

_LATE = timedelta(hours=1)
_SOME = 20
"""The number of items that is read of a list that cannot be counted."""


class TodayPages(Controller):
    """The first page of the console."""

    path = "/console"
    include_in_schema = False

    @get(opt=declared(access=Access.STAFF, formats=(HTML,)))
    async def show(
        self,
        request: ShopRequest,
        shop: NamedDependency[Shop],
        orders: Orders,
        payment_books: Books,
        variants: Variants,
        dead_letters: DeadLetters,
        mails: Mails,
        reports: Reports,
    ) -> Response[bytes]:
        """Show the waiting work, each kind with its number and a link, and the last four weeks."""
        caller, now = request.caller, shop.clock.now()
        to_pack = _counted(OrderStatus.PAID)
        unpaid = _counted(OrderStatus.PENDING, placed_before=(now - _LATE).isoformat())
        attention = PaymentQuery(needs_attention="true", limit=_SOME)
        # The order is `low_since`, because only that index contains no other variants.
        low = VariantQuery(stock="low", sort="low_since", limit=_SOME)
        return page(
            request,
            "console/today.html",
            to_pack=(await orders.find(caller, to_pack)).total,
            unpaid=(await orders.find(caller, unpaid)).total,
            attention=_some(await payment_books.find(attention)),
            low=_some(await variants.find(low)),
            letters=_some(await dead_letters.find(DeadLetterQuery(limit=_SOME))),
            mails=await mails.count_waiting(),
            weeks=await last_weeks(reports, shop.days.last_over(now)),
            timezone=shop.days.timezone,
        )


def _counted(status: OrderStatus, **filters: str) -> OrderQuery:
    """Return the query of the number of orders in a status."""
    given = {"status": status, "limit": "1", "count": "true", **filters}
    return OrderQuery.parse_query(given.items())


def _some(found: Any) -> str:
    """Return the number of items of a list, as far as its first page shows."""
    shown = document_of(found)
    return f"{len(shown['items'])}{'+' if shown['next'] else ''}"

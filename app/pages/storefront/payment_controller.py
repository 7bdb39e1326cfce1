"""The page of a payment at Stripe, whose script reads the card."""

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.errors import CartNotFound, OrderNotFound
from app.pages.rendering import HTML, document_of, origin_of, page, see
from app.pages.storefront.current_cart import order_link_of
from app.schemas.payments.payment_schema import PaymentRead
from app.security.principal import Access
from app.services.orders.fulfilment.order_overviews import OrderOverview
from app.settings import Settings
from app.web.policies import stripe_headers
from app.web.request import ShopRequest
from app.web.route_options import declared, for_guests
from app.wiring.areas.orders import Calls, Overviews
from app.wiring.resources import Shop

STRIPE = "stripe"
_WAITING = ("created", "requires_action")


class GuestPaymentController(Controller):
    """The payment of the order of a cart."""

    path = "/orders/{cart_id:uuid}/pay"
    include_in_schema = False

    @get(
        opt=declared(CartNotFound, OrderNotFound, access=Access.PUBLIC, formats=(HTML,))
        | for_guests()
    )
    async def show(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        order_overviews: Overviews,
        payment_calls: Calls,
        shop: NamedDependency[Shop],
    ) -> Response[bytes]:
        """Show the fields of Stripe, or the order if nothing is to be paid at Stripe."""
        link = order_link_of(request, cart_id)
        seen = await order_overviews.of_cart(link.visitor, cart_id)
        secret = await _secret_of(seen, payment_calls)
        return _payment_page(request, shop.settings, seen, secret, link.page)


class OwnPaymentController(Controller):
    """The payment of an order of a user."""

    path = "/account/orders/{order_id:uuid}/pay"
    include_in_schema = False

    @get(opt=declared(OrderNotFound, access=Access.CUSTOMER, formats=(HTML,)))
    async def show(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        order_overviews: Overviews,
        payment_calls: Calls,
        shop: NamedDependency[Shop],
    ) -> Response[bytes]:
        """Show the fields of Stripe, or the order if nothing is to be paid at Stripe."""
        seen = await order_overviews.of_order(request.caller.owner, order_id)
        secret = await _secret_of(seen, payment_calls)
        return _payment_page(request, shop.settings, seen, secret, f"/account/orders/{order_id}")


def ways_to_pay(settings: Settings) -> tuple[str, ...]:
    """Return the ways to pay on pages; Stripe needs a publishable key."""
    has_key = settings.stripe_publishable_key is not None
    return tuple(each for each in settings.payment_providers if each != STRIPE or has_key)


def address_after(payment: PaymentRead, order_page: str) -> str:
    """Return the address to which a customer goes after a payment has begun."""
    action = payment.action
    if action is None:
        return order_page
    path, _, query = order_page.partition("?")
    return action.url or f"{path}/pay" + (f"?{query}" if query else "")


async def _secret_of(seen: OrderOverview, payment_calls: Calls) -> str | None:
    """Return the secret of the newest payment that waits for a card, if there is one."""
    open_ones = [
        each
        for each in seen.payments.payments
        if each.provider == STRIPE and each.status in _WAITING
    ]
    if not open_ones:
        return None
    action = await payment_calls.look(open_ones[-1].id)
    return None if action is None else action.client_secret


def _payment_page(
    request: ShopRequest,
    settings: Settings,
    seen: OrderOverview,
    secret: str | None,
    order_page: str,
) -> Response[bytes]:
    key = settings.stripe_publishable_key
    if secret is None or key is None:
        return see(order_page)
    values: dict[str, Any] = {
        "number": seen.order.number,
        "amount": document_of(seen.payments)["sums"]["open"],
        "currency": seen.order.currency,
        "pay_by": seen.order.pay_by,
        "order_page": order_page,
        "return_url": origin_of(request) + order_page,
        "key": key,
        "secret": secret,
    }
    response = page(request, "storefront/payment.html", **values)
    response.headers.update(stripe_headers(settings))
    return response

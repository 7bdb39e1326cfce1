"""Routes of the providers of payments."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.errors import ProviderNotFound, SignatureRefused
from app.schemas.payments.payment_schema import PaymentProviderList
from app.security.principal import Access
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.orders import Calls
from app.wiring.resources import Shop


class ProviderController(Controller):
    """The providers of payments."""

    path = "/payment-providers"
    tags = ["payments"]

    @get(summary="List the ways to pay", opt=declared(access=Access.PUBLIC))
    async def find(
        self, request: ShopRequest, shop: NamedDependency[Shop]
    ) -> Response[PaymentProviderList]:
        """Return the ways to pay that a checkout accepts."""
        found = PaymentProviderList(items=[*shop.settings.payment_providers])
        return json_response(request, found)

    @post(
        "/{provider:str}/events",
        status_code=204,
        summary="Receive an event of a provider",
        opt=declared(
            ProviderNotFound,
            SignatureRefused,
            access=Access.PUBLIC,
            answers=Answers.REPEATABLE,
        ),
    )
    async def receive(
        self, request: ShopRequest, provider: FromPath[str], payment_calls: Calls
    ) -> None:
        """Accept a signed event of a provider; its payment is then looked up at the provider."""
        await payment_calls.receive(provider, await request.body(), request.headers)

"""The page of the bank for tests, on which a customer approves a payment."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.errors import ProviderNotFound
from app.gateways.payments.bank import Decision
from app.security.principal import Access
from app.web.rendering.bank_page import bank_page, decision_of
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.orders import Calls
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop


class BankPageController(Controller):
    """The page of the bank for tests."""

    path = "/test-bank"
    include_in_schema = False

    @get("/{reference:str}", opt=declared(ProviderNotFound, access=Access.PUBLIC))
    async def show(
        self, request: ShopRequest, reference: FromPath[str], shop: NamedDependency[Shop]
    ) -> Response[bytes]:
        """Show a payment, and what the customer can do."""
        return bank_page(await bank_of(shop).payment(reference))

    @post(
        "/{reference:str}",
        status_code=200,
        opt=declared(ProviderNotFound, access=Access.PUBLIC, answers=Answers.REPEATABLE),
    )
    async def decide(
        self,
        request: ShopRequest,
        reference: FromPath[str],
        shop: NamedDependency[Shop],
        payment_calls: Calls,
    ) -> Response[bytes]:
        """Do what the customer has decided, and tell the shop."""
        bank, decision = bank_of(shop), decision_of(await request.body())
        payment = await bank.decide(reference, decision)
        if decision is not Decision.APPROVE_SILENTLY:
            await payment_calls.receive(bank.code, *bank.event_about(reference))
        return bank_page(payment)

"""The page of the bank for tests, on which a customer approves a payment."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.errors import PaymentNotFound, ProviderNotFound
from app.schemas.payments.bank_schema import BankForm
from app.security.principal import Access
from app.web.rendering.bank_page import bank_page
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.orders import Calls
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop


class BankPageController(Controller):
    """The page of the bank for tests."""

    path = "/test-bank"
    include_in_schema = False

    @get("/{reference:str}", opt=declared(ProviderNotFound, PaymentNotFound, access=Access.PUBLIC))
    async def show(self, reference: FromPath[str], shop: NamedDependency[Shop]) -> Response[bytes]:
        """Show a payment, and the actions of the customer."""
        return bank_page(await bank_of(shop).payment(reference))

    @post(
        "/{reference:str}",
        status_code=200,
        opt=declared(
            ProviderNotFound,
            PaymentNotFound,
            access=Access.PUBLIC,
            form=BankForm,
            answers=Answers.REPEATABLE,
        ),
    )
    async def decide(
        self,
        request: ShopRequest,
        reference: FromPath[str],
        shop: NamedDependency[Shop],
        payment_calls: Calls,
    ) -> Response[bytes]:
        """Apply the decision of the customer; the bank then sends an event to the shop."""
        form = await request.form_of(BankForm)
        return bank_page(await payment_calls.decide_at(bank_of(shop), reference, form.decision))

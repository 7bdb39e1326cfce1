"""The forms of an order's page about its money, and its invoices."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.errors import (
    AmountTooLarge,
    CaptureNotPossible,
    InvoiceNotFound,
    OrderLineNotFound,
    OrderNotFound,
    PaymentNotFound,
    ProviderRefused,
    ProviderUnavailable,
    QuantityNotLeft,
    RefundNotFound,
    RefundNotManual,
)
from app.pages.console.orders.order_controller import ORDERS
from app.pages.console.orders.own_parts import require_own_parts
from app.pages.console.units import chosen_units
from app.pages.forms import form_of
from app.pages.rendering import see
from app.schemas.orders.return_schema import UnitsRefund
from app.schemas.payments.payment_schema import AmountOfPayment, PaymentRecord, RefundCreate
from app.security.principal import Access
from app.web.middleware.idempotency import key_of
from app.web.rendering.invoice_answers import PDF, invoice_file
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.invoices import Books as Invoices
from app.wiring.areas.orders import Calls, Payments


class OrderMoneyPages(Controller):
    """The actions of staff on the money of an order."""

    path = f"{ORDERS}/{{order_id:uuid}}"
    include_in_schema = False
    guards = [require_own_parts]

    @post("/record", opt=declared(OrderNotFound, access=Access.STAFF))
    async def record(
        self, request: ShopRequest, order_id: FromPath[UUID], payments: Payments
    ) -> Response[bytes]:
        """Record money that arrived; the order is paid if the money covers the owed sum."""
        await payments.record(request.caller.name, order_id, form_of(request, PaymentRecord))
        return see(f"{ORDERS}/{order_id}")

    @post(
        "/payments/{payment_id:uuid}/capture",
        opt=declared(
            PaymentNotFound,
            CaptureNotPossible,
            AmountTooLarge,
            ProviderRefused,
            ProviderUnavailable,
            access=Access.STAFF,
            answers=Answers.REPEATABLE,
        ),
    )
    async def capture(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        payment_id: FromPath[UUID],
        payment_calls: Calls,
    ) -> Response[bytes]:
        """Take authorised money; the rest is released."""
        await payment_calls.capture(payment_id, form_of(request, AmountOfPayment).amount)
        return see(f"{ORDERS}/{order_id}")

    @post(
        "/payments/{payment_id:uuid}/refund",
        opt=declared(
            PaymentNotFound, AmountTooLarge, access=Access.STAFF, answers=Answers.ROW_OF_ROUTE
        ),
    )
    async def refund(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        payment_id: FromPath[UUID],
        payment_calls: Calls,
    ) -> Response[bytes]:
        """Return an amount of a payment."""
        asked, key = form_of(request, RefundCreate), key_of(request.headers)
        await payment_calls.refund(request.caller.name, payment_id, asked, key)
        return see(f"{ORDERS}/{order_id}")

    @post(
        "/payments/{payment_id:uuid}/refund-units",
        opt=declared(
            OrderNotFound,
            OrderLineNotFound,
            QuantityNotLeft,
            PaymentNotFound,
            AmountTooLarge,
            access=Access.STAFF,
            answers=Answers.ROW_OF_ROUTE,
        ),
    )
    async def refund_units(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        payment_id: FromPath[UUID],
        payment_calls: Calls,
    ) -> Response[bytes]:
        """Return the money that was paid for units of the order."""
        units, key = chosen_units(request, UnitsRefund), key_of(request.headers)
        await payment_calls.refund_units(request.caller.name, payment_id, units, key)
        return see(f"{ORDERS}/{order_id}")

    @post(
        "/refunds/{refund_id:uuid}/record",
        opt=declared(RefundNotFound, RefundNotManual, access=Access.STAFF),
    )
    async def record_refund(
        self,
        request: ShopRequest,
        order_id: FromPath[UUID],
        refund_id: FromPath[UUID],
        payments: Payments,
    ) -> Response[bytes]:
        """Record that money was returned by hand."""
        await payments.record_refund(request.caller.name, refund_id)
        return see(f"{ORDERS}/{order_id}")

    @get(
        "/invoices/{invoice_id:uuid}",
        opt=declared(InvoiceNotFound, access=Access.STAFF, formats=(PDF,)),
    )
    async def invoice(
        self, request: ShopRequest, invoice_id: FromPath[UUID], invoice_books: Invoices
    ) -> Response[None]:
        """Return an invoice or a credit note as PDF."""
        return await invoice_file(request, await invoice_books.show(None, invoice_id))

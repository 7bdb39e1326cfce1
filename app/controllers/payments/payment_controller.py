"""Routes of payments and refunds, for staff."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    AmountTooLarge,
    CaptureNotPossible,
    PaymentNotFound,
    ProviderRefused,
    ProviderUnavailable,
    RefundNotFound,
    RefundNotManual,
)
from app.schemas.payments.payment_schema import (
    AmountOfPayment,
    PaymentPage,
    PaymentQuery,
    PaymentRead,
    PaymentSeen,
    RefundCreate,
    RefundRead,
)
from app.security.areas.payments import PaymentsScope
from app.security.principal import Access
from app.web.middleware.idempotency import key_of
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.orders import Books, Calls, Payments, Reviews


class PaymentController(Controller):
    """Payments."""

    path = "/payments"
    tags = ["payments"]

    @get(
        summary="List payments",
        opt=declared(access=Access.STAFF, scope=PaymentsScope.PAYMENTS_READ, query=PaymentQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, payment_books: Books
    ) -> Response[PaymentPage]:
        """Return a page of payments, the newest first."""
        asked = PaymentQuery.parse_query(query.multi_items())
        return json_response(request, await payment_books.find(asked))

    @get(
        "/{payment_id:uuid}",
        summary="Show a payment",
        opt=declared(PaymentNotFound, access=Access.STAFF, scope=PaymentsScope.PAYMENTS_READ),
    )
    async def read(
        self, request: ShopRequest, payment_id: FromPath[UUID], payment_books: Books
    ) -> Response[PaymentRead]:
        """Return a payment."""
        return json_response(request, await payment_books.show(payment_id))

    @post(
        "/{payment_id:uuid}/capture",
        status_code=200,
        summary="Take the money of a payment",
        opt=declared(
            PaymentNotFound,
            CaptureNotPossible,
            AmountTooLarge,
            ProviderRefused,
            ProviderUnavailable,
            access=Access.STAFF,
            scope=PaymentsScope.PAYMENTS_WRITE,
            answers=Answers.REPEATABLE,
        ),
    )
    async def capture(
        self,
        request: ShopRequest,
        payment_id: FromPath[UUID],
        data: JSONBody[AmountOfPayment],
        payment_calls: Calls,
    ) -> Response[PaymentRead]:
        """Take authorised money, by default all of it; the rest is released."""
        return json_response(request, await payment_calls.capture(payment_id, data.amount))

    @post(
        "/{payment_id:uuid}/void",
        status_code=200,
        summary="End a payment",
        opt=declared(
            PaymentNotFound,
            CaptureNotPossible,
            ProviderRefused,
            ProviderUnavailable,
            access=Access.STAFF,
            scope=PaymentsScope.PAYMENTS_WRITE,
            answers=Answers.REPEATABLE,
        ),
    )
    async def void(
        self, request: ShopRequest, payment_id: FromPath[UUID], payment_calls: Calls
    ) -> Response[PaymentRead]:
        """End a payment whose money was not taken."""
        return json_response(request, await payment_calls.void(payment_id))

    @post(
        "/{payment_id:uuid}/seen",
        status_code=200,
        summary="Settle the attention of a payment",
        opt=declared(
            PaymentNotFound,
            access=Access.STAFF,
            scope=PaymentsScope.PAYMENTS_WRITE,
            answers=Answers.REPEATABLE,
        ),
    )
    async def mark_seen(
        self,
        request: ShopRequest,
        payment_id: FromPath[UUID],
        data: JSONBody[PaymentSeen],
        payment_attention: Reviews,
    ) -> Response[PaymentRead]:
        """Record that a person has settled the reason for attention."""
        seen = await payment_attention.mark_seen(request.caller, payment_id, data)
        return json_response(request, seen)

    @post(
        "/{payment_id:uuid}/refunds",
        summary="Return money",
        opt=declared(
            PaymentNotFound,
            AmountTooLarge,
            access=Access.STAFF,
            scope=PaymentsScope.REFUNDS_WRITE,
            answers=Answers.ROW_OF_ROUTE,
        ),
    )
    async def refund(
        self,
        request: ShopRequest,
        payment_id: FromPath[UUID],
        data: JSONBody[RefundCreate],
        payment_calls: Calls,
    ) -> Response[RefundRead]:
        """Return money of a payment; until the provider has made it, its status is `asked`."""
        key = key_of(request.headers)
        refund = await payment_calls.refund(request.caller.name, payment_id, data, key)
        return created_response(refund, f"/api/v1/refunds/{refund.id}")


class RefundController(Controller):
    """Refunds."""

    path = "/refunds/{refund_id:uuid}"
    tags = ["payments"]

    @get(
        summary="Show a refund",
        opt=declared(RefundNotFound, access=Access.STAFF, scope=PaymentsScope.PAYMENTS_READ),
    )
    async def read(
        self, request: ShopRequest, refund_id: FromPath[UUID], payment_books: Books
    ) -> Response[RefundRead]:
        """Return a refund."""
        return json_response(request, await payment_books.show_refund(refund_id))

    @post(
        "/record",
        status_code=200,
        summary="Record that money was returned",
        opt=declared(
            RefundNotFound,
            RefundNotManual,
            access=Access.STAFF,
            scope=PaymentsScope.REFUNDS_WRITE,
        ),
    )
    async def record(
        self, request: ShopRequest, refund_id: FromPath[UUID], payments: Payments
    ) -> Response[RefundRead]:
        """Record that staff has returned the money of a payment without a provider."""
        refund = await payments.record_refund(request.caller.name, refund_id)
        return json_response(request, RefundRead.model_validate(refund))

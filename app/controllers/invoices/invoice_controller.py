"""Routes of invoices and credit notes, for users, staff and the guests of carts."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParams

from app.errors import (
    CartMerged,
    CartNotFound,
    InvoiceNotFound,
    NothingToInvoice,
    OrderNotFound,
)
from app.schemas.invoices.invoice_schema import InvoiceList, InvoicePage, InvoiceQuery, InvoiceRead
from app.security.areas.invoices import InvoicesScope
from app.security.areas.orders import OrdersScope
from app.security.principal import Access
from app.web.cart_tokens import visitor_of
from app.web.rendering.invoice_answers import PDF, answer_of_invoice, list_invoices, show_invoice
from app.web.rendering.report_csv import CSV
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared, for_guests, or_existing
from app.wiring.areas.invoices import Books, Issues
from app.wiring.areas.orders import Orders
from app.wiring.resources import Shop


class OrderInvoiceController(Controller):
    """The invoices of an order."""

    path = "/orders/{order_id:uuid}/invoices"
    tags = ["invoices"]

    @get(
        summary="Show the invoices of an order",
        opt=declared(OrderNotFound, access=Access.CUSTOMER, scope=InvoicesScope.INVOICES_READ),
    )
    async def read(
        self, request: ShopRequest, order_id: FromPath[UUID], invoice_books: Books
    ) -> Response[InvoiceList]:
        """Return the invoice of an order and its credit notes, the oldest first."""
        return json_response(request, await invoice_books.of_order(request.caller.owner, order_id))

    @post(
        summary="Invoice an order",
        opt=declared(
            OrderNotFound,
            NothingToInvoice,
            access=Access.STAFF,
            scope=OrdersScope.ORDERS_WRITE,
            answers=Answers.REPEATABLE,
        )
        | or_existing(),
    )
    async def issue(self, order_id: FromPath[UUID], invoicing: Issues) -> Response[InvoiceRead]:
        """Issue the invoice of an order, or return the existing one."""
        return answer_of_invoice(*await invoicing.invoice(order_id))


class CartInvoiceController(Controller):
    """The invoices of the order of a cart."""

    path = "/carts/{cart_id:uuid}/order/invoices"
    tags = ["invoices"]

    @get(
        summary="Show the invoices of the order of a cart",
        opt=declared(CartNotFound, CartMerged, OrderNotFound, access=Access.PUBLIC) | for_guests(),
    )
    async def read(
        self, request: ShopRequest, cart_id: FromPath[UUID], orders: Orders, invoice_books: Books
    ) -> Response[InvoiceList]:
        """Return the invoice and its credit notes to the customer, who may be a guest."""
        order = await orders.of_cart(visitor_of(request), cart_id)
        return json_response(request, await invoice_books.of_order(None, order.id))


class InvoiceController(Controller):
    """Invoices and credit notes."""

    path = "/invoices"
    tags = ["invoices"]

    @get(
        summary="List invoices",
        opt=declared(
            access=Access.STAFF,
            scope=InvoicesScope.INVOICES_READ,
            query=InvoiceQuery,
            formats=(CSV,),
        ),
    )
    async def find(
        self,
        request: ShopRequest,
        query: QueryParams,
        invoice_books: Books,
        shop: NamedDependency[Shop],
    ) -> Response[InvoicePage]:
        """Return a page of the invoices of a period, the oldest first, or all as CSV."""
        asked = InvoiceQuery.parse_query(query.multi_items())
        return await list_invoices(request, shop, invoice_books, asked)

    @get(
        "/{invoice_id:uuid}",
        summary="Show an invoice",
        opt=declared(
            InvoiceNotFound,
            access=Access.CUSTOMER,
            scope=InvoicesScope.INVOICES_READ,
            formats=(PDF,),
        ),
    )
    async def read(
        self, request: ShopRequest, invoice_id: FromPath[UUID], invoice_books: Books
    ) -> Response[InvoiceRead]:
        """Return an invoice or a credit note as JSON or PDF."""
        return await show_invoice(
            request, await invoice_books.show(request.caller.owner, invoice_id)
        )

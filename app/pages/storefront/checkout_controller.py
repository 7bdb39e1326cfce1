"""The page of the checkout: the address, the shipping method and the way to pay."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.errors import (
    AddressIncomplete,
    AddressNotFound,
    CartChanged,
    CartNotFound,
    CountryNotFound,
    InsufficientStock,
    ProviderRefused,
    ProviderUnavailable,
    ShippingMethodNotFound,
    TooManyUnpaidOrders,
)
from app.pages.forms import form_of
from app.pages.rendering import HTML, document_of, origin_of, page, page_state, see
from app.pages.storefront.countries import country_values
from app.pages.storefront.current_cart import cart_id_of
from app.pages.storefront.payment_controller import address_after, ways_to_pay
from app.schemas.carts.cart_schema import CartChange
from app.schemas.identity.user_schema import AddressRead, PostalAddress
from app.schemas.orders.checkout_schema import CheckoutCreate
from app.schemas.payments.payment_schema import PaymentCreate
from app.security.principal import Access
from app.services.carts.cart_access import Visitor
from app.services.carts.cart_service import CartService
from app.services.orders.payments.payment_calls import PaymentCalls
from app.services.orders.placement import AskedCheckout
from app.web.cart_tokens import visitor_of
from app.web.rendering.order_answers import answer_of_order
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared, for_guests
from app.wiring.areas.carts import Carts
from app.wiring.areas.identity import Addresses, AddressFormats
from app.wiring.areas.orders import Batches, Calls
from app.wiring.resources import Shop

_MANUAL, _BEFORE = "manual", "delivery_address."
_BLANK: dict[str, Any] = {"vat_number": None, "note": "", "email": None}


class CheckoutPageController(Controller):
    """The checkout of the visitor's cart."""

    path = "/checkout"
    include_in_schema = False

    @get(opt=declared(CountryNotFound, access=Access.PUBLIC, formats=(HTML,)) | for_guests())
    async def show(
        self,
        request: ShopRequest,
        carts: Carts,
        addresses: Addresses,
        address_formats: AddressFormats,
        shop: NamedDependency[Shop],
    ) -> Response[bytes]:
        """Show the choices and the price of the order; an empty cart has no checkout."""
        found = await carts.at_checkout(visitor_of(request), page_state(request).cart_id)
        if found is None or not found[0].lines:
            return see("/cart")
        cart, methods = map(document_of, found)
        address = cart["delivery_address"]
        own = []
        if not request.caller.is_anonymous:
            own = (await addresses.of_user(request.caller, request.caller.own_id)).items
        return page(
            request,
            "storefront/checkout.html",
            cart=cart,
            addresses=[_offered(each, address) for each in own],
            **country_values(request, address_formats, _BEFORE, (address or {}).get("country", "")),
            methods=methods["items"] if address else [],
            providers=ways_to_pay(shop.settings),
        )

    @post(
        "/details",
        opt=declared(CartNotFound, ShippingMethodNotFound, access=Access.PUBLIC) | for_guests(),
    )
    async def choose(self, request: ShopRequest, carts: Carts) -> Response[bytes]:
        """Store the address and the other choices; the first shipping method is the default."""
        return await _chosen(request, carts, form_of(request, CartChange, blank=_BLANK))

    @post(
        "/addresses/{address_id:uuid}",
        opt=declared(AddressNotFound, CartNotFound, access=Access.CUSTOMER) | for_guests(),
    )
    async def deliver_to(
        self, request: ShopRequest, address_id: FromPath[UUID], carts: Carts, addresses: Addresses
    ) -> Response[bytes]:
        """Choose one of the stored addresses of the customer."""
        its = await addresses.get(request.caller, request.caller.own_id, address_id)
        change = CartChange.parse({"delivery_address": _postal(document_of(its))})
        return await _chosen(request, carts, change)

    @post(
        "/{cart_id:uuid}",
        opt=declared(
            CartNotFound,
            CartChanged,
            AddressIncomplete,
            InsufficientStock,
            TooManyUnpaidOrders,
            access=Access.PUBLIC,
            # Repeated requests for the order of a cart return the same order.
            answers=Answers.REPEATABLE,
        )
        | for_guests(),
    )
    async def place(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        order_batches: Batches,
        payment_calls: Calls,
    ) -> Response[bytes]:
        """Place the order, and begin its payment."""
        data = form_of(request, CheckoutCreate, flags=("terms_accepted",))
        visitor = visitor_of(request)
        asked = AskedCheckout(visitor, cart_id, data)
        answer = await order_batches.place(asked, None, answer_of_order)
        if page_state(request).cart_id == cart_id and visitor.caller.user_id is None:
            order_page = f"/orders/{cart_id}"
        else:
            order_page = f"/account/orders/{msgspec.json.decode(answer.body)['id']}"
        if data.payment == _MANUAL:
            return see(order_page)
        return see(
            await paid_at(request, payment_calls, visitor, cart_id, data.payment, order_page)
        )


async def _chosen(request: ShopRequest, carts: CartService, change: CartChange) -> Response[bytes]:
    """Store the choices, and the first shipping method if none was chosen."""
    cart_id, visitor = await cart_id_of(request, carts), visitor_of(request)
    cart = await carts.change(visitor, cart_id, change)
    methods = (await carts.shipping_methods(visitor, cart_id)).items
    if cart.shipping_method_id not in {each.id for each in methods} and methods:
        first = CartChange(shipping_method_id=methods[0].id)
        await carts.change(visitor, cart_id, first)
    return see("/checkout#pay")


def _offered(its: AddressRead, chosen: dict[str, Any] | None) -> dict[str, Any]:
    """Return an address of the customer, and whether the cart has it."""
    address: dict[str, Any] = document_of(its)
    return address | {"is_chosen": chosen is not None and _postal(address) == _postal(chosen)}


def _postal(address: dict[str, Any]) -> dict[str, Any]:
    return {name: address[name] for name in dict(PostalAddress.model_fields) if address.get(name)}


async def paid_at(
    request: ShopRequest,
    payment_calls: PaymentCalls,
    visitor: Visitor,
    cart_id: UUID,
    provider: Any,
    order_page: str,
) -> str:
    """Begin a payment of a cart's order; return the page of the provider, or that of the order."""
    data = PaymentCreate(provider=provider, return_url=origin_of(request) + order_page)
    try:
        payment = await payment_calls.pay_of_cart(visitor, cart_id, data, None)
    except (ProviderRefused, ProviderUnavailable):
        # The order was placed: its page says so, and how it can be paid.
        return order_page
    return address_after(payment, order_page)

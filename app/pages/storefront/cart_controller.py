"""The pages of the cart."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.errors import (
    CartFull,
    CartNotFound,
    CodeUnknown,
    IdempotencyKeyReused,
    NotSoldInCurrency,
    ProductNotForSale,
    VariantNotFound,
)
from app.pages.forms import fields_of, form_of
from app.pages.rendering import HTML, page, page_state, see
from app.pages.storefront.current_cart import cart_id_of, cart_of
from app.schemas.carts.cart_schema import CodeEnter
from app.schemas.carts.line_schema import CartLineChange, CartLineCreate
from app.security.principal import Access
from app.web.cart_tokens import visitor_of
from app.web.middleware.idempotency import form_claim
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared, for_guests
from app.wiring.areas.carts import Additions, Carts, Codes

_PAGE = declared(access=Access.PUBLIC, formats=(HTML,)) | for_guests()
_CHANGE = declared(CartNotFound, access=Access.PUBLIC) | for_guests()
_UNITS = ("quantity",)


class CartPageController(Controller):
    """The cart of the visitor."""

    path = "/cart"
    include_in_schema = False

    @get(opt=_PAGE)
    async def show(self, request: ShopRequest, carts: Carts) -> Response[bytes]:
        """Show the cart and its price."""
        cart = await cart_of(request, carts)
        query = request.query_params
        return page(
            request,
            "storefront/cart.html",
            cart=cart,
            refused_line=query.get("line", ""),
            cancelled=query.get("cancelled", ""),
        )

    @get("/badge", opt=_PAGE)
    async def badge(self, request: ShopRequest, carts: Carts) -> Response[bytes]:
        """Show the number of units in the cart, as a part of a page."""
        units = await carts.count_current(visitor_of(request), page_state(request).cart_id)
        return page(request, "storefront/badge.html", units=units)

    @post(
        "/lines",
        opt=declared(
            VariantNotFound,
            ProductNotForSale,
            NotSoldInCurrency,
            CartFull,
            IdempotencyKeyReused,
            access=Access.PUBLIC,
            # The cookie of the cart is not stored.
            answers=Answers.ROW_OF_ROUTE,
        )
        | for_guests(),
    )
    async def add(self, request: ShopRequest, cart_additions: Additions) -> Response[bytes]:
        """Add units to the cart, which is opened if there is none."""
        data = form_of(request, CartLineCreate, whole=_UNITS)
        claim = form_claim(request.scope, repr(fields_of(request)))
        guest_cart_id = page_state(request).cart_id
        added = await cart_additions.add(visitor_of(request), guest_cart_id, data, claim)
        response = see("/cart")
        if added.token is not None:
            response.cookies = [request.app.state.cookies.of_cart(added.cart_id, added.token)]
        return response

    @post("/lines/{variant_id:uuid}", opt=_CHANGE)
    async def change(
        self, request: ShopRequest, variant_id: FromPath[UUID], carts: Carts
    ) -> Response[bytes]:
        """Set the units of a line."""
        data = form_of(request, CartLineChange, whole=_UNITS)
        cart_id = await cart_id_of(request, carts)
        await carts.set_units(visitor_of(request), cart_id, variant_id, data.quantity)
        return see("/cart")

    @post("/lines/{variant_id:uuid}/remove", opt=_CHANGE)
    async def remove(
        self, request: ShopRequest, variant_id: FromPath[UUID], carts: Carts
    ) -> Response[bytes]:
        """Remove a line."""
        cart_id = await cart_id_of(request, carts)
        await carts.remove_line(visitor_of(request), cart_id, variant_id)
        return see("/cart")

    @post(
        "/codes",
        opt=declared(CartNotFound, CodeUnknown, CartFull, access=Access.PUBLIC) | for_guests(),
    )
    async def enter_code(
        self, request: ShopRequest, carts: Carts, cart_codes: Codes
    ) -> Response[bytes]:
        """Enter the code of a coupon."""
        data = form_of(request, CodeEnter)
        cart_id = await cart_id_of(request, carts)
        await cart_codes.enter(visitor_of(request), cart_id, data.code)
        return see("/cart")

    @post("/codes/remove", opt=_CHANGE)
    async def remove_code(
        self, request: ShopRequest, carts: Carts, cart_codes: Codes
    ) -> Response[bytes]:
        """Remove a code from the cart."""
        data = form_of(request, CodeEnter)
        cart_id = await cart_id_of(request, carts)
        await cart_codes.remove(visitor_of(request), cart_id, data.code)
        return see("/cart")

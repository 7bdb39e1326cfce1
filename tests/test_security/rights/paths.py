"""The paths of routes, the columns of callers, and the rows of the table of access."""

from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from app.web.middleware.page_paths import is_page
from tests.test_security.rights import fulfilled

COLUMNS = (
    "nobody",
    "expired",
    "audience",
    "refresh",
    "signature",
    "unsigned",
    "other",
    "owner",
    "staff",
    "admin",
    "unscoped",
    "scoped",
)
"""No token; five foreign tokens; four users; an API key without and with the scope."""

NEW_PASSWORD = "wrong horse battery staple"
API = "/api/v1"
USER = f"{API}/users/{{user_id}}"
ADDRESS = f"{USER}/addresses/{{address_id}}"
PRODUCT = f"{API}/products/{{product_id}}"
SHIRT = f"{API}/products/{{shirt_id}}"
VARIANT = f"{API}/variants/{{variant_id}}"
IMAGE = f"{PRODUCT}/images/{{image_id}}"
CATEGORY = f"{API}/categories/{{category_id}}"
TAX_RATE = f"{API}/tax-rates/{{tax_rate_id}}"
SHIPPING_METHOD = f"{API}/shipping-methods/{{shipping_method_id}}"
PROMOTION = f"{API}/promotions/{{promotion_id}}"
COUPON = f"{PROMOTION}/coupons/{{coupon_id}}"
PRICE_LIST = f"{API}/price-lists/{{price_list_id}}"
ORDER = f"{API}/orders/{{order_id}}"
PAYMENT = f"{API}/payments/{{payment_id}}"
TAKEN = f"{API}/payments/{{taken_id}}"
INVOICE = f"{API}/invoices/{{invoice_id}}"
BANK = "/test-bank/{reference}"
REFUND = f"{API}/refunds/{{refund_id}}"
DRAFT = f"{API}/order-drafts/{{draft_id}}"
ITEMS = [{"product_id": "{product_id}", "quantity": 1, "unit_price": "3.99"}]
CART = f"{API}/carts/{{cart_id}}"
ORDERED = f"{API}/carts/{{ordered_cart_id}}"
CHECKOUT = {"payment": "manual", "expected_total": "9.89", "terms_accepted": True}
OF_GUEST = {"headers": {"Cart-Token": "{cart_token}"}}
OPERATION = f"{API}/operations/{{operation_id}}"
REPORT = f"{API}/reports/{{day}}"
LETTER = f"{API}/dead-letters/{{letter_id}}"
PERSON = {
    "email": "new@example.com",
    "username": "new",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "password": NEW_PASSWORD,
}
PLACE = {"street": "6 Harley Street", "city": "London", "postal_code": "W1G 9PD", "country": "GB"}
THING = {"sku": "COFFEE", "name": "Coffee", "category": "Coffee", "price": "9.99"}
BASKET: dict[str, Any] = {
    "user_id": "{user_id}",
    "items": [{"product_id": "{product_id}", "quantity": 1}],
}
LOGIN = {"username": "{email}", "password": "correct horse battery staple"}
PASSWORDS = {"current_password": "correct horse battery staple", "new_password": NEW_PASSWORD}


_TEMPLATES = {
    "{shirt_id}": "{product_id}",
    "{ordered_cart_id}": "{cart_id}",
    "{taken_id}": "{payment_id}",
} | fulfilled.TEMPLATES


@dataclass(frozen=True)
class Row:
    """A valid request of a route, and the expected status for the caller of each column."""

    method: str
    path: str
    statuses: str
    request: dict[str, Any] = field(default_factory=dict)

    @property
    def expected(self) -> dict[str, int]:
        """The statuses by column; the first six are one, or one without and one with a token."""
        head, tail = self.statuses.split(" | ")
        without, _, foreign = head.partition("/")
        statuses = [without, *[foreign or without] * 5, *tail.split()]
        return dict(zip(COLUMNS, map(int, statuses), strict=True))

    @property
    def template(self) -> str:
        """The path in the notation of the route table."""
        template = self.path.partition("?")[0]
        for name, its in _TEMPLATES.items():
            template = template.replace(name, its)
        return template

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """Return the handlers of the route table by method and path, without those of pages."""
    return {
        (method, route.path_format): handler
        for route in app.routes
        if not is_page(route.path_format)
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def row_of(method: str, path: str, statuses: str, **request: Any) -> Row:
    """Return a row."""
    return Row(method, path, statuses, request)


#                                  foreign tokens | other owner staff admin, key without, with

"""Which answer each caller gets from each route: the rows that the tests of access go by."""

from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from tests.support.media.pictures import picture

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
REFUND = f"{API}/refunds/{{refund_id}}"
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


@dataclass(frozen=True)
class Row:
    """A request that a route takes, and the status that each column's caller gets."""

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
        """The path as the route table has it."""
        return (
            self.path.partition("?")[0]
            .replace("{shirt_id}", "{product_id}")
            .replace("{ordered_cart_id}", "{cart_id}")
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """Return the handlers of the route table by method and path."""
    return {
        (method, route.path_format): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def _row(method: str, path: str, statuses: str, **request: Any) -> Row:
    return Row(method, path, statuses, request)


#                                  foreign tokens | other owner staff admin, key without, with
MATRIX = (
    _row("POST", f"{API}/auth/token", "200 | 200 200 200 200 200 200", data=LOGIN),
    _row(
        "POST",
        f"{API}/auth/refresh",
        "200 | 200 200 200 200 200 200",
        json={"refresh_token": "{refresh_token}"},
    ),
    _row("POST", f"{API}/auth/logout", "401 | 204 204 204 204 403 403"),
    _row("GET", f"{API}/auth/sessions", "401 | 200 200 200 200 403 403"),
    _row("DELETE", f"{API}/auth/sessions", "401 | 204 204 204 204 403 403"),
    _row("DELETE", f"{API}/auth/sessions/{{session_id}}", "401 | 404 204 404 404 403 403"),
    _row("POST", f"{API}/auth/password", "401 | 204 204 204 204 403 403", json=PASSWORDS),
    _row(
        "POST",
        f"{API}/auth/password/forgot",
        "202 | 202 202 202 202 202 202",
        json={"email": "{email}"},
    ),
    _row(
        "POST",
        f"{API}/auth/password/reset",
        "204 | 204 204 204 204 204 204",
        json={"token": "{reset_token}", "new_password": NEW_PASSWORD},
    ),
    _row("POST", f"{API}/auth/email/ask", "401 | 202 202 202 202 403 403"),
    _row(
        "POST",
        f"{API}/auth/email/verify",
        "204 | 204 204 204 204 204 204",
        json={"token": "{verify_token}"},
    ),
    _row(
        "POST",
        f"{API}/guest-data/requests",
        "202 | 202 202 202 202 202 202",
        json={"email": "guest@example.com", "locale": "de"},
    ),
    _row(
        "POST",
        f"{API}/guest-data/export",
        "200 | 200 200 200 200 200 200",
        json={"token": "{guest_token}"},
    ),
    _row(
        "POST",
        f"{API}/guest-data/erasure",
        "200 | 200 200 200 200 200 200",
        json={"token": "{guest_token}"},
    ),
    _row("POST", f"{API}/users", "201 | 201 201 201 201 201 201", json=PERSON),
    _row("GET", f"{API}/users", "401 | 403 403 200 200 403 200"),
    _row("GET", f"{API}/users/me", "401 | 200 200 200 200 403 403"),
    _row("GET", USER, "401 | 404 200 200 200 403 200"),
    _row("PATCH", USER, "401 | 404 200 200 200 403 200", json={"first_name": "Ada"}),
    _row("DELETE", USER, "401 | 404 204 204 204 403 204"),
    _row("PATCH", f"{USER}/access", "401 | 403 403 403 200 403 403", json={"role": "staff"}),
    _row("GET", f"{USER}/export", "401 | 404 200 200 200 403 200"),
    _row("GET", f"{USER}/addresses", "401 | 404 200 200 200 403 200"),
    _row("POST", f"{USER}/addresses", "401 | 404 201 201 201 403 201", json=PLACE),
    _row("GET", ADDRESS, "401 | 404 200 200 200 403 200"),
    _row("PATCH", ADDRESS, "401 | 404 200 200 200 403 200", json={"city": "York"}),
    _row("DELETE", ADDRESS, "401 | 404 204 204 204 403 204"),
    _row("GET", f"{API}/countries/{{country}}/address-format", "200 | 200 200 200 200 200 200"),
    _row("GET", f"{API}/products?q=tea", "200 | 200 200 200 200 200 200"),
    _row(
        "POST",
        f"{API}/products/bulk",
        "401 | 403 403 202 202 403 202",
        json={"rows": [THING]},
    ),
    _row("GET", f"{API}/products/export", "401 | 403 403 200 200 403 200"),
    _row("GET", f"{API}/products/facets?q=tea", "200 | 200 200 200 200 200 200"),
    _row("GET", f"{API}/categories", "200 | 200 200 200 200 200 200"),
    _row("POST", f"{API}/categories", "401 | 403 403 201 201 403 201", json={"name": "Coffee"}),
    _row("GET", f"{API}/categories/by-path?path=spare", "200 | 200 200 200 200 200 200"),
    _row("GET", CATEGORY, "200 | 200 200 200 200 200 200"),
    _row("PATCH", CATEGORY, "401 | 403 403 200 200 403 200", json={"name": "Coffee"}),
    _row("DELETE", CATEGORY, "401 | 403 403 204 204 403 204"),
    _row("POST", f"{API}/products", "401 | 403 403 201 201 403 201", json=THING),
    _row("GET", PRODUCT, "200 | 200 200 200 200 200 200"),
    _row("PATCH", PRODUCT, "401 | 403 403 200 200 403 200", json={"price": "5.49"}),
    _row("DELETE", PRODUCT, "401 | 403 403 204 204 403 204"),
    _row("GET", f"{PRODUCT}/categories", "200 | 200 200 200 200 200 200"),
    _row(
        "PUT",
        f"{PRODUCT}/categories",
        "401 | 403 403 200 200 403 200",
        json={"category_ids": ["{category_id}"]},
    ),
    _row("GET", f"{PRODUCT}/images", "200 | 200 200 200 200 200 200"),
    _row(
        "POST",
        f"{PRODUCT}/images",
        "401 | 403 403 202 202 403 202",
        content=picture(),
        headers={"Content-Type": "image/png"},
    ),
    _row(
        "PUT",
        f"{PRODUCT}/images/order",
        "401 | 403 403 200 200 403 200",
        json={"ids": ["{image_id}"]},
    ),
    _row("GET", IMAGE, "401 | 403 403 200 200 403 200"),
    _row("PATCH", IMAGE, "401 | 403 403 200 200 403 200", json={"alt": "A cup"}),
    _row("DELETE", IMAGE, "401 | 403 403 204 204 403 204"),
    _row("GET", f"{API}/price-lists", "401 | 403 403 200 200 403 200"),
    _row(
        "POST",
        f"{API}/price-lists",
        "401 | 403 403 201 201 403 201",
        json={"code": "sale", "name": "Sale"},
    ),
    _row("GET", PRICE_LIST, "401 | 403 403 200 200 403 200"),
    _row("PATCH", PRICE_LIST, "401 | 403 403 200 200 403 200", json={"name": "Sale"}),
    _row("DELETE", PRICE_LIST, "401 | 403 403 204 204 403 204"),
    _row("GET", f"{PRICE_LIST}/prices", "401 | 403 403 200 200 403 200"),
    _row(
        "PUT",
        f"{PRICE_LIST}/prices",
        "401 | 403 403 200 200 403 200",
        json={"prices": [{"variant_id": "{variant_id}", "amount": "3.99"}]},
    ),
    _row("GET", f"{API}/tax-rates", "401 | 403 403 200 200 403 200"),
    _row(
        "POST",
        f"{API}/tax-rates",
        "401 | 403 403 403 201 403 201",
        json={"country": "FR", "rate": "20", "name": "TVA 20 %", "valid_from": "2026-01-01"},
    ),
    _row("DELETE", TAX_RATE, "401 | 403 403 403 204 403 204"),
    _row("GET", f"{API}/shipping-methods", "401 | 403 403 200 200 403 200"),
    _row(
        "POST",
        f"{API}/shipping-methods",
        "401 | 403 403 403 201 403 201",
        json={"name": "Express", "rates": [{"currency": "USD", "amount": "9.90"}]},
    ),
    _row("GET", SHIPPING_METHOD, "401 | 403 403 200 200 403 200"),
    _row("PATCH", SHIPPING_METHOD, "401 | 403 403 403 200 403 200", json={"name": "Express"}),
    _row("DELETE", SHIPPING_METHOD, "401 | 403 403 403 204 403 204"),
    _row("GET", f"{API}/promotions", "401 | 403 403 200 200 403 200"),
    _row(
        "POST",
        f"{API}/promotions",
        "401 | 403 403 201 201 403 201",
        json={
            "name": "Sale",
            "label": "10 % off",
            "trigger": "code",
            "effect": "percent_items",
            "percent": "10",
        },
    ),
    _row("GET", PROMOTION, "401 | 403 403 200 200 403 200"),
    _row("PATCH", PROMOTION, "401 | 403 403 200 200 403 200", json={"name": "Sale"}),
    _row("DELETE", PROMOTION, "401 | 403 403 204 204 403 204"),
    _row("GET", f"{PROMOTION}/coupons", "401 | 403 403 200 200 403 200"),
    _row(
        "POST",
        f"{PROMOTION}/coupons",
        "401 | 403 403 201 201 403 201",
        json={"code": "WINTER"},
    ),
    _row("GET", COUPON, "401 | 403 403 200 200 403 200"),
    _row("PATCH", COUPON, "401 | 403 403 200 200 403 200", json={"is_active": False}),
    _row("GET", f"{PRODUCT}/stock", "401 | 403 403 200 200 403 200"),
    _row(
        "POST",
        f"{PRODUCT}/stock",
        "401 | 403 403 201 201 403 201",
        json={"quantity": 5, "reason": "supply"},
    ),
    _row("GET", f"{API}/variants", "401 | 403 403 200 200 403 200"),
    _row("GET", VARIANT, "200 | 200 200 200 200 200 200"),
    _row("PATCH", VARIANT, "401 | 403 403 200 200 403 200", json={"price": "5.49"}),
    _row("DELETE", VARIANT, "401 | 403 403 204 204 403 204"),
    _row("GET", f"{VARIANT}/stock", "401 | 403 403 200 200 403 200"),
    _row(
        "POST",
        f"{VARIANT}/stock",
        "401 | 403 403 201 201 403 201",
        json={"quantity": 5, "reason": "supply"},
    ),
    _row(
        "POST",
        f"{SHIRT}/variants",
        "401 | 403 403 201 201 403 201",
        json={"sku": "SHIRT-S", "option_values": {"Size": "S"}},
    ),
    _row(
        "POST",
        f"{SHIRT}/variants/missing",
        "401 | 403 403 201 201 403 201",
        json={"option_values": {"Size": ["XL"]}},
    ),
    _row(
        "PUT",
        f"{SHIRT}/options",
        "401 | 403 403 200 200 403 200",
        json={"options": [{"name": "Largeness", "former_name": "Size"}]},
    ),
    # A guest needs the token of the cart, as everybody else does.
    _row("POST", f"{API}/carts", "201/401 | 201 201 201 201 201 201", json={"note": "Ring."}),
    _row("GET", CART, "200/401 | 200 200 200 200 200 200", **OF_GUEST),
    _row("PATCH", CART, "200/401 | 200 200 200 200 200 200", json={"note": "Ring."}, **OF_GUEST),
    _row("GET", f"{CART}/shipping-methods", "200/401 | 200 200 200 200 200 200", **OF_GUEST),
    _row("POST", f"{CART}/claim", "401 | 200 200 200 200 403 403", **OF_GUEST),
    _row(
        "POST",
        f"{CART}/lines",
        "200/401 | 200 200 200 200 200 200",
        json={"product_id": "{product_id}", "quantity": 1},
        **OF_GUEST,
    ),
    _row(
        "PUT",
        f"{CART}/lines/{{variant_id}}",
        "200/401 | 200 200 200 200 200 200",
        json={"quantity": 2},
        **OF_GUEST,
    ),
    _row("DELETE", f"{CART}/lines/{{variant_id}}", "204/401 | 204 204 204 204 204 204", **OF_GUEST),
    _row(
        "POST",
        f"{CART}/codes",
        "200/401 | 200 200 200 200 200 200",
        json={"code": "SUMMER"},
        **OF_GUEST,
    ),
    _row("DELETE", f"{CART}/codes?code=SUMMER", "204/401 | 204 204 204 204 204 204", **OF_GUEST),
    _row(
        "POST", f"{CART}/checkout", "201/401 | 201 201 201 201 201 201", json=CHECKOUT, **OF_GUEST
    ),
    _row("GET", f"{ORDERED}/order", "200/401 | 200 200 200 200 200 200", **OF_GUEST),
    _row("POST", f"{ORDERED}/order/cancel", "200/401 | 200 200 200 200 200 200", **OF_GUEST),
    # Only staff may order for another user.
    _row("POST", f"{API}/orders", "401 | 400 201 201 201 403 201", json=BASKET),
    _row("GET", f"{API}/orders", "401 | 200 200 200 200 403 200"),
    _row("GET", ORDER, "401 | 404 200 200 200 403 200"),
    _row("PATCH", ORDER, "401 | 403 403 200 200 403 200", json={"status": "paid"}),
    _row("POST", f"{ORDER}/cancel", "401 | 404 200 200 200 403 200"),
    _row(
        "POST",
        f"{ORDER}/lines/{{variant_id}}/cancel",
        "401 | 403 403 200 200 403 200",
        json={"quantity": 1},
    ),
    _row("GET", f"{ORDER}/payments", "401 | 404 200 200 200 403 200"),
    _row("POST", f"{ORDER}/payments", "401 | 404 201 201 201 403 201", json={"provider": "test"}),
    _row(
        "POST",
        f"{ORDER}/payments/record",
        "401 | 403 403 201 201 403 201",
        json={"amount": "1.00", "received_on": "2026-01-31"},
    ),
    _row("GET", f"{ORDERED}/order/payments", "200/401 | 200 200 200 200 200 200", **OF_GUEST),
    _row(
        "POST",
        f"{ORDERED}/order/payments",
        "201/401 | 201 201 201 201 201 201",
        json={"provider": "test"},
        **OF_GUEST,
    ),
    _row("GET", f"{API}/payments", "401 | 403 403 200 200 403 200"),
    _row("GET", PAYMENT, "401 | 403 403 200 200 403 200"),
    # It was taken already.
    _row("POST", f"{PAYMENT}/capture", "401 | 403 403 409 409 403 409", json={"amount": "1.00"}),
    _row("POST", f"{PAYMENT}/void", "401 | 403 403 409 409 403 409"),
    _row("POST", f"{PAYMENT}/refunds", "401 | 403 403 201 201 403 201", json={"reason": "Broken."}),
    _row("GET", REFUND, "401 | 403 403 200 200 403 200"),
    _row("POST", f"{REFUND}/record", "401 | 403 403 200 200 403 200"),
    _row("GET", f"{API}/payment-providers", "200 | 200 200 200 200 200 200"),
    # It is not signed.
    _row(
        "POST",
        f"{API}/payment-providers/{{provider}}/events",
        "400 | 400 400 400 400 400 400",
    ),
    _row("GET", f"{API}/reports", "401 | 403 403 200 200 403 200"),
    _row("POST", f"{API}/reports", "401 | 403 403 202 202 403 202", json={"day": "{day}"}),
    _row("GET", f"{API}/reports/chart.svg", "401 | 403 403 200 200 403 200"),
    _row("GET", REPORT, "401 | 403 403 200 200 403 200"),
    _row("GET", f"{REPORT}/products", "401 | 403 403 200 200 403 200"),
    _row("GET", f"{REPORT}/chart.svg", "401 | 403 403 200 200 403 200"),
    _row(
        "POST",
        f"{API}/api-keys",
        "401 | 403 403 403 201 403 403",
        json={"name": "checkout", "scopes": ["orders:read"]},
    ),
    _row("GET", f"{API}/api-keys", "401 | 403 403 403 200 403 403"),
    _row("DELETE", f"{API}/api-keys/{{key_id}}", "401 | 403 403 403 204 403 403"),
    _row("GET", f"{API}/audit", "401 | 403 403 403 200 403 403"),
    _row("GET", OPERATION, "401 | 404 200 200 200 403 200"),
    _row("GET", f"{OPERATION}/events", "401 | 404 200 200 200 403 200"),
    _row("GET", f"{API}/dead-letters", "401 | 403 403 200 200 403 200"),
    _row("GET", LETTER, "401 | 403 403 200 200 403 200"),
    _row("POST", f"{LETTER}/requeue", "401 | 403 403 204 204 403 204"),
    _row("DELETE", LETTER, "401 | 403 403 204 204 403 204"),
    _row("GET", "/", "200 | 200 200 200 200 200 200"),
    _row("GET", "/media/{first}/{second}/{name}", "200 | 200 200 200 200 200 200"),
    _row("GET", "/health/live", "200 | 200 200 200 200 200 200"),
    _row("GET", "/health/ready", "200 | 200 200 200 200 200 200"),
    _row("GET", "/metrics", "401 | 403 403 200 200 403 200"),
    _row("GET", "/docs", "200 | 200 200 200 200 200 200"),
    _row("GET", "/docs/openapi.json", "200 | 200 200 200 200 200 200"),
    _row("GET", "/docs/asyncapi.json", "200 | 200 200 200 200 200 200"),
    _row("GET", "/docs/messages", "200 | 200 200 200 200 200 200"),
    _row("GET", "/docs/assets/{file_path}", "200 | 200 200 200 200 200 200"),
    _row("HEAD", "/docs/assets/{file_path}", "200 | 200 200 200 200 200 200"),
)
# Parameters of public routes that only some callers may use.
GUARDED = (
    _row("GET", f"{API}/products?include=stock", "401 | 403 403 200 200 403 200"),
    _row("GET", f"{API}/categories?include=all", "401 | 403 403 200 200 403 200"),
    _row("GET", f"{CATEGORY}?include=all", "401 | 403 403 200 200 403 200"),
    _row("GET", f"{PRODUCT}/images?include=all", "401 | 403 403 200 200 403 200"),
)

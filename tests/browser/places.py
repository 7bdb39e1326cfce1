"""Every page of the shop, with its possible states."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.browser.people import ADMIN, MILK
from tests.browser.world import NEWCOMER, REGULAR, STAFF, World

NOBODY_KNOWS = "0199a1b2-7c00-7d00-8e00-ffffffffffff"
PARTS_OF_PAGES = {"/cart/badge", "/console/orders/{order_id}/version"}
"""Routes that return a fragment of HTML for other pages."""


@dataclass(frozen=True)
class Place:
    """A page in a state."""

    route: str
    """The path in the notation of the route table."""
    state: str
    address: str
    """The URL with placeholders in braces."""
    who: str | None = None
    status: int = 200

    def __str__(self) -> str:
        return f"{self.route} {self.state}"


@dataclass(frozen=True)
class Refused:
    """A form that is refused: its typed values, and the status of the refusal."""

    address: str
    button: str
    status: int
    typed: Mapping[str, str] = field(default_factory=dict)
    who: str | None = None

    def __str__(self) -> str:
        return f"{self.address} {self.button}"


PLACES = (
    Place("/", "full", "/"),
    Place("/c/{path}", "full", "/c/{category}"),
    Place("/p/{product_id}", "of one variant", f"/p/{MILK}"),
    Place("/p/{product_id}", "of many variants", "/p/{shirt}"),
    Place("/s", "full", "/s"),
    Place("/s", "filtered", "/s?q=milk&in_stock=true&sort=price"),
    Place("/s", "without a match", "/s?q=zeppelin"),
    Place("/cart", "empty", "/cart"),
    Place("/cart", "full", "/cart", REGULAR),
    Place("/checkout", "full", "/checkout", REGULAR),
    Place("/checkout", "without an address", "/checkout", STAFF),
    Place("/checkout", "of a country with regions", "/checkout?country=US", STAFF),
    Place("/orders/{cart_id}", "unpaid", "{guest_order}"),
    Place("/orders/{cart_id}/pay", "without Stripe", "{guest_payment}"),
    Place(
        "/account/orders/{order_id}/pay",
        "without Stripe",
        "/account/orders/{pending}/pay",
        REGULAR,
    ),
    Place("/account/orders/{order_id}", "unpaid", "/account/orders/{pending}", REGULAR),
    Place("/account/orders/{order_id}", "returned", "/account/orders/{delivered}", REGULAR),
    Place("/account/orders/{order_id}", "cancelled", "/account/orders/{cancelled}", REGULAR),
    Place("/register", "empty", "/register"),
    Place("/log-in", "empty", "/log-in"),
    Place("/log-in", "logged in", "/log-in", REGULAR),
    Place("/account", "empty", "/account", NEWCOMER),
    Place("/account", "full", "/account", REGULAR),
    Place("/account/addresses/new", "empty", "/account/addresses/new", REGULAR),
    Place("/account/addresses/new", "of a country", "/account/addresses/new?country=US", REGULAR),
    Place("/account/addresses/{address_id}", "full", "/account/addresses/{address}", REGULAR),
    Place("/console", "full", "/console", ADMIN),
    Place("/console/orders", "full", "/console/orders", ADMIN),
    Place("/console/orders", "without a match", f"/console/orders?user_id={NOBODY_KNOWS}", ADMIN),
    Place("/console/orders/{order_id}", "unpaid", "/console/orders/{pending}", ADMIN),
    Place("/console/orders/{order_id}", "paid", "/console/orders/{paid}", ADMIN),
    Place("/console/orders/{order_id}", "authorised", "/console/orders/{authorised}", ADMIN),
    Place("/console/orders/{order_id}", "shipped", "/console/orders/{shipped}", ADMIN),
    Place("/console/orders/{order_id}", "returned", "/console/orders/{delivered}", ADMIN),
    Place("/console/orders/{order_id}", "cancelled", "/console/orders/{cancelled}", ADMIN),
    Place("/console/payments", "full", "/console/payments", ADMIN),
    Place("/console/pack", "full", "/console/pack", ADMIN),
    Place("/console/pack/{order_id}", "paid", "/console/pack/{paid}", ADMIN),
    Place("/console/pack/{order_id}", "shipped", "/console/pack/{shipped}", ADMIN),
    Place("/console/products", "full", "/console/products", ADMIN),
    Place("/console/products", "without a match", "/console/products?q=zeppelin", ADMIN),
    Place("/console/products/new", "empty", "/console/products/new", ADMIN),
    Place("/console/products/{product_id}", "of one variant", f"/console/products/{MILK}", ADMIN),
    Place("/console/products/{product_id}", "of many variants", "/console/products/{shirt}", ADMIN),
    Place("/console/stock", "full", "/console/stock?sort=-created_at", ADMIN),
    Place("/console/stock", "without a match", "/console/stock?sku=zeppelin", ADMIN),
    Place("/console/stock/{variant_id}", "full", "/console/stock/{variant}", ADMIN),
    Place("/console/reports", "full", "/console/reports?from=2017-01-01&to=2017-01-30", ADMIN),
    Place("/console/reports", "empty", "/console/reports", ADMIN),
    Place("/console/reports/{day}", "full", "/console/reports/{day}", ADMIN),
    Place("/console/operations", "full", "/console/operations", ADMIN),
    Place("/console/operations", "partly forbidden", "/console/operations", STAFF),
    Place("/console/operations/dead-letters/{letter_id}", "full", "{letter}", ADMIN),
)
PROBLEMS = (
    Place("", "not found", "/nothing", status=404),
    Place("", "no such product", f"/p/{NOBODY_KNOWS}", status=404),
    Place("", "no such parameter", "/s?min_price=cheap", status=400),
    Place("", "no such order", f"/console/orders/{NOBODY_KNOWS}", ADMIN, 404),
    Place("", "forbidden", "/console", REGULAR, 403),
)
EMPTY_SHOP = (
    *(Place(route, "of an empty shop", route) for route in ("/", "/s")),
    *(
        Place(route, "of an empty shop", route, ADMIN)
        for route in (
            "/console",
            "/console/orders",
            "/console/payments",
            "/console/pack",
            "/console/products",
            "/console/stock",
            "/console/reports",
            "/console/operations",
        )
    ),
)
REFUSED = (
    Refused("/log-in", "Log in", 401, {"username": "nobody", "password": "wrong horse"}),
    Refused("/register", "Register", 400, {"email": "ada", "password": "12345678"}),
    Refused(f"/p/{MILK}", "Add to cart", 400, {"quantity": "0"}),
    Refused("/cart", "Change", 400, {"quantity": "-1"}, REGULAR),
    Refused("/cart", "Apply", 404, {"code": "NO-SUCH-CODE"}, REGULAR),
    Refused("/checkout?country=DE", "Update", 400, {"delivery_address.city": ""}, REGULAR),
    Refused("/checkout", "Place the order", 400, {}, REGULAR),
    Refused("/account/addresses/new?country=US", "Save", 400, {"postal_code": "x"}, REGULAR),
    Refused("/console/products/new", "Add the product", 400, {"price": "dear"}, ADMIN),
    Refused("/console/products/{shirt}", "Save", 400, {"tax_class": "%"}, ADMIN),
    Refused(
        "/console/products/{shirt}", "Save the variants", 400, {"variants.1.price": "x"}, ADMIN
    ),
    Refused("/console/stock/{variant}", "Add to the stock", 400, {"units": "-1"}, ADMIN),
    Refused("/console/pack/{paid}", "Pack and ship", 409, {"lines[0].quantity": "99"}, ADMIN),
)


def furnish(world: World) -> dict[str, str]:
    """Add the resources of the URLs, and return their ids by name."""
    shirt = world.new_shirt()
    named = {name: world.order(name)["id"] for name in ("pending", "shipped", "cancelled")}
    named["paid"] = world.order("paid", units=3)["id"]
    named["authorised"] = world.paid_at_bank(2, is_captured=False)["id"]
    named["delivered"] = world.returned_order()
    variants = world.send("GET", "/variants", params={"product_id": shirt["id"]})["items"]
    categories = world.send("GET", "/categories")["items"]
    full = max(categories, key=lambda each: int(each["products_count"]))
    guest_order = world.guest_order()
    for email in (REGULAR, STAFF):
        world.fill_cart(email, is_addressed=email == REGULAR)
    return named | {
        "shirt": shirt["id"],
        "variant": variants[0]["id"],
        "category": full["path"],
        "guest_order": guest_order,
        "guest_payment": guest_order.replace("?", "/pay?"),
        "address": world.new_address(REGULAR),
        "day": world.day_with_report(),
        "letter": f"/console/operations/dead-letters/{world.park_letter()}",
    }

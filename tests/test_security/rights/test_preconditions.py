"""Every route that changes a resource honours `If-Match`."""

import httpx
import pytest
from litestar import Litestar

from app.errors import PreconditionFailed
from app.web.route_options import options_of
from app.wiring.resources import Shop
from tests.support.refusals import problem_of
from tests.support.tables import everything
from tests.test_security.rights.matrix import MATRIX
from tests.test_security.rights.paths import (
    ADDRESS,
    API,
    BANK,
    CART,
    CATEGORY,
    DRAFT,
    LETTER,
    ORDER,
    ORDERED,
    PAYMENT,
    PRICE_LIST,
    PRODUCT,
    PROMOTION,
    REFUND,
    SHIRT,
    TAKEN,
    TAX_RATE,
    USER,
    VARIANT,
    Row,
    routes_of,
)
from tests.test_security.rights.world import world_of

pytestmark = pytest.mark.any_database

WRITES = [row for row in MATRIX if row.method not in ("GET", "HEAD")]
ADDS = "it adds something, whatever is there"
NO_VERSION = "what it changes has no version, and no route shows it alone"
PROVIDER = "what the provider has decides, and not what was read"
PAID_ORDER = f"{API}/orders/{{paid_order_id}}"
SECRET = "a password or a token decides, and not what was read"
MANY = "it changes several things, each of which has its own version"
# The reasons for routes without a condition.
UNCONDITIONAL = {
    f"POST {API}/auth/token": SECRET,
    f"POST {API}/auth/refresh": SECRET,
    f"POST {API}/auth/logout": NO_VERSION,
    f"DELETE {API}/auth/sessions": NO_VERSION,
    f"DELETE {API}/auth/sessions/{{session_id}}": NO_VERSION,
    f"POST {API}/auth/password": SECRET,
    f"POST {API}/auth/password/forgot": SECRET,
    f"POST {API}/auth/password/reset": SECRET,
    f"POST {API}/auth/email/ask": SECRET,
    f"POST {API}/auth/email/verify": SECRET,
    f"POST {API}/users": ADDS,
    f"POST {USER}/addresses": ADDS,
    f"POST {API}/products/bulk": MANY,
    f"POST {API}/categories": ADDS,
    f"POST {API}/products": ADDS,
    f"POST {PRODUCT}/images": ADDS,
    f"POST {API}/price-lists": ADDS,
    f"POST {API}/tax-rates": ADDS,
    f"DELETE {TAX_RATE}": NO_VERSION,
    f"POST {API}/shipping-methods": ADDS,
    f"POST {API}/promotions": ADDS,
    f"POST {PROMOTION}/coupons": ADDS,
    # A movement is a difference, which is valid for every stock.
    f"POST {PRODUCT}/stock": ADDS,
    f"POST {VARIANT}/stock": ADDS,
    f"POST {SHIRT}/variants": ADDS,
    f"POST {SHIRT}/variants/missing": ADDS,
    f"POST {API}/carts": ADDS,
    f"POST {CART}/claim": MANY,
    # `expected_total` is the condition.
    f"POST {CART}/checkout": ADDS,
    f"POST {API}/orders": ADDS,
    f"POST {API}/guest-data/requests": SECRET,
    f"POST {API}/guest-data/export": SECRET,
    f"POST {API}/guest-data/erasure": SECRET,
    f"POST {API}/order-drafts": ADDS,
    # `expected_total` is the condition.
    f"POST {DRAFT}/place": ADDS,
    f"POST {PAID_ORDER}/returns": ADDS,
    f"POST {API}/carts/{{returned_cart_id}}/order/returns": ADDS,
    f"POST {ORDER}/payments": ADDS,
    f"POST {ORDER}/payments/record": ADDS,
    f"POST {ORDERED}/order/payments": ADDS,
    f"POST {ORDER}/invoices": ADDS,
    f"POST {PAYMENT}/capture": PROVIDER,
    f"POST {PAYMENT}/void": PROVIDER,
    # `attention` is the condition.
    f"POST {PAYMENT}/seen": NO_VERSION,
    f"POST {TAKEN}/refunds": ADDS,
    f"POST {BANK}": PROVIDER,
    f"POST {REFUND}/record": NO_VERSION,
    f"POST {API}/payment-providers/{{provider}}/events": PROVIDER,
    f"POST {API}/reports": ADDS,
    f"POST {API}/api-keys": ADDS,
    f"DELETE {API}/api-keys/{{key_id}}": NO_VERSION,
    f"POST {LETTER}/requeue": NO_VERSION,
    f"DELETE {LETTER}": NO_VERSION,
}
CONDITIONAL = [row for row in WRITES if str(row).partition("?")[0] not in UNCONDITIONAL]
# The paths of resources that differ from the paths of their changes.
READ_AT = {
    f"{USER}/access": USER,
    f"{PRODUCT}/images/order": f"{PRODUCT}/images?include=all",
    f"{SHIRT}/options": SHIRT,
    f"{PRICE_LIST}/prices": PRICE_LIST,
    f"{CART}/lines": CART,
    f"{CART}/lines/{{variant_id}}": CART,
    f"{CART}/codes": CART,
    f"{ORDERED}/order/cancel": f"{ORDERED}/order",
    f"{ORDER}/cancel": ORDER,
    f"{ORDER}/lines/{{variant_id}}/cancel": ORDER,
    f"{PAID_ORDER}/shipments": PAID_ORDER,
}
# A shipment and a return are read at their own paths.
PARCELS = (f"{API}/shipments/", f"{API}/returns/")


def read_at(row: Row) -> str:
    """Return the path of the resource that a route changes."""
    path = row.path.partition("?")[0]
    is_move = path.startswith(PARCELS) and row.method == "POST"
    return READ_AT.get(path, path.rpartition("/")[0] if is_move else path)


def test_each_route_that_changes_something_has_a_condition_or_a_reason(app: Litestar) -> None:
    routes = routes_of(app)
    with_condition = {
        str(row)
        for row in WRITES
        if PreconditionFailed in options_of(routes[row.method, row.template]).problems
    }
    assert with_condition == set(map(str, CONDITIONAL))
    assert UNCONDITIONAL.keys() <= set(map(str, WRITES))
    assert {f"DELETE {each}" for each in (PRODUCT, CATEGORY, ADDRESS, USER)} <= with_condition


@pytest.mark.parametrize("row", CONDITIONAL, ids=str)
async def test_a_change_is_made_only_to_the_version_that_it_names(
    client: httpx.AsyncClient, shop: Shop, row: Row
) -> None:
    world = await world_of(shop)
    request = dict(row.request)
    headers = request.pop("headers", {})

    async def send(tags: str) -> httpx.Response:
        condition = headers | {"If-Match": tags}
        return await world.send(client, "admin", row.method, row.path, headers=condition, **request)

    plain = headers | {"Accept-Encoding": "identity"}
    seen = await world.send(client, "admin", "GET", read_at(row), headers=plain)
    etag = seen.headers["ETag"]
    before = await everything(shop)
    for stale in ('"0f3b6c1d2e4a5968778695a4"', f"W/{etag}", f'{etag[:-2]}x"'):
        refused = problem_of(await send(stale))
        assert (refused["type"], refused["status"]) == ("urn:problem:precondition-failed", 412)
        assert refused["etag"] == etag
    assert await everything(shop) == before
    for current in (f'"other", {etag}', "*"):
        assert (await send(current)).status_code == row.expected["admin"], current
        assert await everything(shop) != before
        await world.restore()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_long_condition_is_refused(
    client: httpx.AsyncClient, shop: Shop, method: str
) -> None:
    world = await world_of(shop)
    row = next(each for each in CONDITIONAL if each.method == method)
    before = await everything(shop)
    headers = row.request.get("headers", {}) | {"If-Match": "x" * 1_001}
    request = row.request | {"headers": headers}
    refused = problem_of(await world.send(client, "admin", method, row.path, **request))
    assert (refused["status"], refused["errors"]) == (
        400,
        [{"header": "If-Match", "detail": "must have at most 1000 characters"}],
    )
    assert await everything(shop) == before

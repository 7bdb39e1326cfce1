"""A small shop with one of everything, for which every route has a request that succeeds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import jwt

from app.core.ids import new_id
from app.models import (
    Address,
    ApiKey,
    Base,
    Cart,
    CartLine,
    Category,
    Coupon,
    DailyReport,
    DeadLetter,
    Image,
    ImageStatus,
    LoginSession,
    MovementReason,
    Operation,
    OperationState,
    Order,
    OrderChange,
    OrderItem,
    OrderStatus,
    PriceList,
    Product,
    Promotion,
    Redemption,
    Rendition,
    ShippingMethod,
    ShippingRate,
    StockMovement,
    TaxRate,
    Trigger,
    User,
    UserRole,
    Variant,
)
from app.pricing.terms import Effect
from app.repositories.catalogue.primary_category_repository import top_category
from app.security.areas import SCOPES
from app.security.areas.orders import OrdersScope
from app.security.principal import Scope, name_of_user
from app.security.tokens import TokenKind, Tokens, digest_of
from app.wiring.resources import Shop
from tests.support.cached import forget_cached
from tests.support.factories import address as postal_address
from tests.support.tables import delete_everything
from tests.test_security.people import (
    LIFETIME,
    Person,
    Row,
    bearing,
    insert_rows,
    machine,
    person,
    reset_token,
    verify_token,
)

DAY = date(2017, 6, 1)
SHIRT = UUID("0199a1b2-7c00-7d00-8e00-00000000a11e")
"""A product in two variants."""
FILE = ("00", "00", "0" * 64 + ".webp")
"""The key of the file of an image, in parts."""
CART_TOKEN = "the token of a guest"
SAME = dict(zip(("first", "second", "name"), FILE)) | {
    "shirt_id": str(SHIRT),
    "country": "GB",
    "file_path": "docs.js",
    "day": DAY.isoformat(),
    "cart_token": CART_TOKEN,
}
"""What stands in paths and headers of every shop."""


@dataclass(frozen=True)
class World:
    """Its rows, the callers by name with their tokens, and what stands in paths and bodies."""

    shop: Shop
    rows: list[tuple[type[Base], Row]]
    people: dict[str, Person]
    tokens: dict[str, str | None]
    values: dict[str, str]
    origin: str = "http://shop.test"

    async def restore(self) -> None:
        """Bring every table back to how it was."""
        await delete_everything(self.shop)
        await insert_rows(self.shop, self.rows)
        await self.shop.files.put("/".join(FILE), b"a file")
        self.shop.identities.clear()
        await forget_cached(self.shop)

    def filled(self, template: Any) -> Any:
        """Return a path or a body with the values of this shop in its places."""
        if isinstance(template, str):
            for name, value in self.values.items():
                template = template.replace(f"{{{name}}}", value)
        elif isinstance(template, Mapping):
            return {name: self.filled(value) for name, value in template.items()}
        elif isinstance(template, list):
            return [self.filled(each) for each in template]
        return template

    async def send(
        self,
        client: httpx.AsyncClient,
        caller: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        """Send a request as one of the callers, with the values of this shop in it."""
        return await client.request(
            method,
            f"{self.origin}{self.filled(path)}",
            headers={**bearing(self.tokens[caller]), **self.filled(headers or {})},
            **{name: self.filled(value) for name, value in request.items()},
        )


def _name_of(model: type[Base]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()


async def world_of(shop: Shop, scope: Scope | None = None) -> World:
    """Fill a shop; `scope` is what one of the two machines lacks, and all that the other has."""
    people = {
        "owner": await person(shop),
        "other": await person(shop),
        "staff": await person(shop, UserRole.STAFF),
        "admin": await person(shop, UserRole.ADMIN),
        "deputy": await person(shop, UserRole.ADMIN),
    }
    without = machine(shop, set(SCOPES) - {scope})
    within = machine(shop, set(SCOPES) if scope is None else {scope})
    spare = machine(shop, {OrdersScope.ORDERS_READ})
    owner = people["owner"]
    things = [*_things(shop, owner), *_cart(shop.clock.now())]
    rows: list[tuple[type[Base], Row]] = [(User, each.user) for each in people.values()]
    rows += [(LoginSession, each.session) for each in people.values()]
    rows += [*((ApiKey, each.row) for each in (without, within, spare)), *things]
    ids = {f"{_name_of(model)}_id": str(row["id"]) for model, row in things if "id" in row}
    values = ids | SAME | {f"{name}_id": people[name].id for name in ("other", "deputy")}
    values |= {
        "user_id": owner.id,
        "session_id": str(owner.session["id"]),
        "key_id": str(spare.row["id"]),
        "letter_id": ids["dead_letter_id"],
        "email": owner.email,
        "refresh_token": owner.refresh_token,
        "reset_token": reset_token(shop, owner.user),
        "verify_token": verify_token(shop, owner.user),
    }
    tokens = _false_tokens(shop, people["admin"]) | {
        name: each.access_token for name, each in people.items()
    }
    world = World(
        shop, rows, people, tokens | {"unscoped": without.key, "scoped": within.key}, values
    )
    await world.restore()
    return world


def _false_tokens(shop: Shop, admin: Person) -> dict[str, str | None]:
    """Return what must not pass for the token of an administrator."""
    sid, user_id = str(admin.session["id"]), admin.user["id"]
    good: dict[str, Any] = jwt.decode(admin.access_token, options={"verify_signature": False})
    return {
        "nobody": None,
        "expired": shop.tokens.issue(TokenKind.ACCESS, user_id, -timedelta(seconds=1), sid=sid),
        "audience": jwt.encode(good | {"aud": "another-api"}, shop.tokens.keys[0]),
        "refresh": admin.refresh_token,
        "signature": Tokens(shop.clock, b"k" * 32).issue(
            TokenKind.ACCESS, user_id, LIFETIME, sid=sid
        ),
        "unsigned": jwt.encode(good, None, algorithm="none"),
    }


def _things(shop: Shop, owner: Person) -> list[tuple[type[Base], Row]]:
    """Return one of each kind of thing; what belongs to somebody belongs to the owner."""
    now, user_id = shop.clock.now(), owner.user["id"]
    product_id, address_id, order_id = (new_id(now) for _ in range(3))
    times = {"created_at": now, "updated_at": now}
    product = _product(product_id)
    category, spare = (top_category(each, each.lower(), now) for each in ("Tea", "Spare"))
    product["primary_category_id"] = category["id"]
    shirt = product | {"id": SHIRT, "option_names": ["Size"], "variants_count": 2}
    operation = {
        "id": new_id(now),
        "queue": "order",
        "user_id": user_id,
        "caller": name_of_user(user_id),
        "role": owner.user["role"],
        "state": OperationState.SUCCEEDED,
        "result": {"id": str(order_id)},
    }
    address = postal_address(id=address_id, user_id=user_id, region="", is_primary=True, **times)
    return [
        (Operation, operation | times),
        (DeadLetter, _letter(now)),
        (Category, category),
        (Category, spare),
        (Product, shirt | times),
        (Product, product | {"variants_count": 1} | times),
        (Variant, _variant(SHIRT, SHIRT, "SHIRT", "M") | times),
        (Variant, _variant(product_id, product_id, "TEA") | times),
        (Variant, _variant(new_id(now), SHIRT, "SHIRT-L", "L") | times),
        *_image(product_id, times),
        (Address, address),
        (PriceList, _price_list(now) | times),
        (TaxRate, _tax_rate(now)),
        *_shipping(times),
        *_order(order_id, user_id, product, times),
        *_promotion(order_id, user_id, times),
        (StockMovement, _movement(product_id, 10, MovementReason.SUPPLY, now)),
        (StockMovement, _movement(product_id, -1, MovementReason.SALE, now)),
        (DailyReport, _report(times)),
    ]


def _product(product_id: UUID) -> Row:
    return {
        "id": product_id,
        "sku": "TEA",
        "name": "Tea",
        "description": "",
        "category": "Tea",
        "price_minor": 499,
        "currency": "USD",
        "option_names": [],
        "availability": "in_stock",
        "search_text": "tea",
    }


def _variant(variant_id: UUID, product_id: UUID, sku: str, size: str = "") -> Row:
    return {
        "id": variant_id,
        "product_id": product_id,
        "sku": sku,
        "price_minor": 499,
        "stock_quantity": 9,
        "option1": size,
        "option1_key": size.casefold(),
    }


def _image(product_id: UUID, times: Row) -> list[tuple[type[Base], Row]]:
    image = {
        "id": new_id(times["created_at"]),
        "product_id": product_id,
        "position": 1,
        "alt": "",
        "original_type": "image/png",
        "original_bytes": 1,
        "sha256": bytes(32),
        "width": 1,
        "height": 1,
        "colour": "#000000",
        "status": ImageStatus.READY,
        "version": 1,
    }
    file = {"image_id": image["id"], "width": 1, "height": 1, "size_bytes": 1}
    return [(Image, image | times), (Rendition, file | {"key": "/".join(FILE)})]


def _price_list(now: datetime) -> Row:
    return {"id": new_id(now), "code": "members", "name": "Members", "currency": "USD"}


def _tax_rate(now: datetime) -> Row:
    place = {"country": "DE", "region": "", "region_key": "", "tax_class": "standard"}
    rate = {"valid_from": DAY, "rate_ppm": 190_000, "name": "MwSt. 19 %", "created_at": now}
    return {"id": new_id(now)} | place | rate


def _shipping(times: Row) -> list[tuple[type[Base], Row]]:
    places: Row = {"countries": [], "regions": [], "excluded_postal_prefixes": []}
    method = {"id": new_id(times["created_at"]), "name": "Standard"} | places
    thresholds = {"currency": "USD", "from_weight_grams": 0, "from_subtotal_minor": 0}
    rate = {"method_id": method["id"], "amount_minor": 490} | thresholds
    return [(ShippingMethod, method | times), (ShippingRate, rate)]


def _promotion(order_id: UUID, user_id: UUID, times: Row) -> list[tuple[type[Base], Row]]:
    now = times["created_at"]
    promotion = {"id": new_id(now), "name": "Summer", "label": "10 % off", "used": 1}
    promotion |= {"trigger": Trigger.CODE, "effect": Effect.PERCENT_ITEMS, "percent_ppm": 100_000}
    coupon = {"id": new_id(now), "promotion_id": promotion["id"], "used": 1}
    use = {"order_id": order_id, "promotion_id": promotion["id"], "coupon_id": coupon["id"]}
    return [
        (Promotion, promotion | times),
        (Coupon, coupon | {"code": "SUMMER", "code_key": "summer"} | times),
        (Redemption, use | {"customer_key": str(user_id), "amount_minor": 50, "created_at": now}),
    ]


def _cart(now: datetime) -> list[tuple[type[Base], Row]]:
    times = dict.fromkeys(("created_at", "updated_at", "touched_at"), now)
    cart: Row = {"id": new_id(now), "currency": "USD", "codes": []} | times
    cart["token_digest"] = digest_of(CART_TOKEN)
    line = {"cart_id": cart["id"], "variant_id": SHIRT, "position": 1, "quantity": 1}
    return [(Cart, cart), (CartLine, line)]


def _letter(now: datetime) -> Row:
    return {
        "id": new_id(now),
        "queue": "order",
        "message_id": "message-1",
        "body": b"{}",
        "body_digest": sha256(b"{}").digest(),
        "code": "invalid-input",
        "reason": "items is required",
        "attempts": 1,
        "created_at": now,
    }


def _report(times: Row) -> Row:
    starts_at = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    counts = ("orders_count", "cancelled_count", "late_count")
    units = ("units", "cancelled_units", "late_units")
    amounts = ("gross_minor", "cancelled_minor", "late_minor")
    return (
        times
        | dict.fromkeys((*counts, *units, *amounts), 0)
        | {
            "id": new_id(starts_at),
            "report_day": DAY,
            "timezone": "UTC",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(days=1),
            "currency": "USD",
            "by_hour": [],
            "digest": bytes(32),
            "version": 1,
        }
    )


def _order(order_id: UUID, user_id: UUID, product: Row, times: Row) -> list[tuple[type[Base], Row]]:
    order = {
        "id": order_id,
        # None that the next order could get.
        "number": 1_000_000,
        "user_id": user_id,
        "status": OrderStatus.PENDING,
        "delivery_address": None,
        "units": 1,
        "total_minor": 499,
        "currency": "USD",
    }
    item = {
        "order_id": order_id,
        "position": 1,
        "variant_id": product["id"],
        "sku": "TEA",
        "name": "Tea",
        "unit_price_minor": 499,
        "quantity": 1,
    }
    change = {
        "order_id": order_id,
        "position": 1,
        "from_status": None,
        "to_status": OrderStatus.PENDING,
        "actor": f"user {user_id}",
        "changed_at": times["created_at"],
    }
    return [(Order, order | times), (OrderItem, item), (OrderChange, change)]


def _movement(product_id: UUID, quantity: int, reason: MovementReason, at: Any) -> Row:
    return {
        "id": new_id(at),
        "created_at": at,
        "source": "tests",
        "variant_id": product_id,
        "quantity": quantity,
        "reason": reason,
    }

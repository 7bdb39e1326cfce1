"""A small shop with one resource of each kind; every route has a request that succeeds in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import jwt

from app.core.ids import new_id
from app.gateways.payments.bank import SIGNATURE
from app.models import (
    Address,
    ApiKey,
    Base,
    Category,
    DailyReport,
    DeadLetter,
    GuestProof,
    Invoice,
    LoginSession,
    Operation,
    OperationState,
    OrderDraft,
    PriceList,
    Product,
    StockMovement,
    TaxRate,
    User,
    UserRole,
    Variant,
)
from app.repositories.catalogue.primary_category_repository import top_category
from app.security.areas import SCOPES
from app.security.areas.orders import OrdersScope
from app.security.principal import Scope, name_of_user
from app.security.tokens import TokenKind, Tokens
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop
from tests.support.cached import forget_cached
from tests.support.factories import address as postal_address
from tests.support.tables import Rows, delete_everything, everything, put_back
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
from tests.test_security.rights.fulfilled import IDS, fulfilled_rows
from tests.test_security.rights.things import (
    CART_TOKEN,
    DAY,
    DRAFT,
    FILE,
    GUEST_TOKEN,
    INVOICE,
    ORDERED_CART,
    SHIRT,
    TAKEN,
    carts_rows,
    draft_row,
    guest_proof_row,
    image_rows,
    invoice_row,
    letter_row,
    movement_rows,
    order_rows,
    payment_rows,
    price_list_row,
    product_row,
    promotion_rows,
    report_row,
    shipping_rows,
    tax_rate_row,
    variant_row,
)

SAME = dict(zip(("first", "second", "name"), FILE)) | {
    "shirt_id": str(SHIRT),
    "country": "GB",
    "provider": "test",
    "reference": "bank_3",
    "taken_id": str(TAKEN),
    "invoice_id": str(INVOICE),
    "file_path": "docs.js",
    "day": DAY.isoformat(),
    "cart_token": CART_TOKEN,
    "guest_token": GUEST_TOKEN,
    "ordered_cart_id": str(ORDERED_CART),
    "draft_id": str(DRAFT),
    **IDS,
}
"""The values in paths and headers of every shop."""


_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class World:
    """The rows, the callers by name with their tokens, and the values for paths and bodies."""

    shop: Shop
    rows: list[tuple[type[Base], Row]]
    people: dict[str, Person]
    tokens: dict[str, str | None]
    values: dict[str, str]
    origin: str = "http://shop.test"
    stored: Rows = field(default_factory=dict)
    """The rows in the form of SQLite, which restores them in an eighth of the time."""

    async def restore(self) -> None:
        """Restore every table."""
        if self.stored:
            await put_back(self.shop, self.stored)
        else:
            await delete_everything(self.shop)
            await insert_rows(self.shop, self.rows)
            if self.shop.database.is_sqlite:
                self.stored.update(await everything(self.shop))
        await self.shop.files.put("/".join(FILE), b"a file")
        self.shop.identities.clear()
        await forget_cached(self.shop)

    def filled(self, template: Any) -> Any:
        """Return a path or a body with the values of this shop for its placeholders."""
        if isinstance(template, str):
            # One pass for all placeholders: there are sixty, and a request has sixty strings.
            return _PLACE.sub(lambda place: self.values.get(place[1], place[0]), template)
        if isinstance(template, Mapping):
            return {name: self.filled(value) for name, value in template.items()}
        if isinstance(template, list):
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
        """Send a request as one of the callers, with the values of this shop."""
        return await client.request(
            method,
            f"{self.origin}{self.filled(path)}",
            headers={**bearing(self.tokens[caller]), **self.filled(headers or {})},
            **{name: self.filled(value) for name, value in request.items()},
        )


def _name_of(model: type[Base]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()


async def world_of(shop: Shop, scope: Scope | None = None) -> World:
    """Fill a shop; one API key lacks `scope`, another one has only it, or all if it is None."""
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
    things = _things(shop, owner)
    now = shop.clock.now()
    things += carts_rows(now, {model: row["id"] for model, row in things if "id" in row})
    things.append((GuestProof, guest_proof_row(now)))
    rows: list[tuple[type[Base], Row]] = [(User, each.user) for each in people.values()]
    rows += [(LoginSession, each.session) for each in people.values()]
    rows += [*((ApiKey, each.row) for each in (without, within, spare)), *things]
    rows += fulfilled_rows(owner.user["id"], SHIRT, shop.clock.now())
    ids = {f"{_name_of(model)}_id": str(row["id"]) for model, row in things if "id" in row}
    values = ids | SAME | {f"{name}_id": people[name].id for name in ("other", "deputy")}
    values |= _event_of_bank(shop) | {
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
    tokens |= {"unscoped": without.key, "scoped": within.key}
    world = World(shop, rows, people, tokens, values)
    await world.restore()
    return world


def _event_of_bank(shop: Shop) -> dict[str, str]:
    event, headers = bank_of(shop).event_about("bank_2")
    return {"event": event.decode(), "event_signature": headers[SIGNATURE]}


def _false_tokens(shop: Shop, admin: Person) -> dict[str, str | None]:
    """Return tokens that must not be accepted as those of an administrator."""
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
    """Return one resource of each kind; resources with an owner belong to the caller `owner`."""
    now, user_id = shop.clock.now(), owner.user["id"]
    product_id, address_id, order_id, large_id = (new_id(now) for _ in range(4))
    times = {"created_at": now, "updated_at": now}
    category, spare = (top_category(each, each.lower(), now) for each in ("Tea", "Spare"))
    product = product_row(product_id) | {"primary_category_id": category["id"]}
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
    home = {"id": address_id, "user_id": user_id, "region": "", "is_primary": True}
    return [
        (Operation, operation | times),
        (DeadLetter, letter_row(now)),
        *((Category, each) for each in (category, spare)),
        (Product, shirt | times),
        (Product, product | {"variants_count": 1} | times),
        (Variant, variant_row(SHIRT, SHIRT, "SHIRT", "M") | times),
        (Variant, variant_row(product_id, product_id, "TEA") | times),
        (Variant, variant_row(large_id, SHIRT, "SHIRT-L", "L") | times),
        *image_rows(product_id, times),
        (Address, postal_address(**home, **times)),
        (OrderDraft, draft_row(now, user_id)),
        (PriceList, price_list_row(now) | times),
        (TaxRate, tax_rate_row(now)),
        *shipping_rows(times),
        *order_rows(order_id, user_id, (product_id, large_id), times),
        *promotion_rows(order_id, user_id, times),
        *payment_rows(order_id, times),
        (Invoice, invoice_row(order_id, now)),
        *((StockMovement, each) for each in movement_rows(product_id, now)),
        (DailyReport, report_row(times)),
    ]

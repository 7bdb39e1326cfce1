"""The export of all stored data of a person, and the erasure of a person."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import select

from app.models import Base, Order, UserRole
from app.wiring.resources import Shop
from tests.support.accounts import (
    Person,
    at,
    bearer,
    kind_of,
    log_in,
    mails_of,
    pair_of,
    renew,
    someone,
    someone_of,
    status_of,
)
from tests.support.factories import (
    PASSWORD,
    create_address,
    create_product,
    create_user,
    order_in,
    place_order,
)
from tests.support.machines import AUTHORIZATION
from tests.support.queries import statements_of
from tests.support.tables import everything, stored_values

HOME, OFFICE = "203.0.113.77", "198.51.100.9"
# No other stored value contains one of these.
MARKS = {
    "email": "marked-mail@marked-host.example",
    "username": "marked-username",
    "first_name": "Markedfirst",
    "last_name": "Markedlast",
}
ADDRESS = {
    "recipient": "Marked Recipient",
    "company": "Markedcompany Ltd",
    "street": "1 Markedstreet",
    "line2": "Markedfloor",
    "city": "Markedcity",
    "region": "Markedregion",
    "postal_code": "MARKED1",
    "country": "PT",
    "phone": "+351 marked 55",
    "is_default_billing": True,
}
SECOND = {"street": "2 Markedlane", "city": "Lisbon", "postal_code": "1000", "country": "PT"}
DELIVERED_TO = {
    "recipient": "Marked Neighbour",
    "company": "Markedshop",
    "street": "3 Markedroad",
    "line2": "Markedyard",
    "city": "Porto",
    "postal_code": "4000",
    "country": "PT",
    "phone": "+351 marked 66",
}
STEPS = {
    "pending": [],
    "shipped": ["paid", "shipped"],
    "delivered": ["paid", "shipped", "delivered"],
    "cancelled": ["cancelled"],
}
TRACES = (
    "marked-mail",
    "marked-host",
    "marked-username",
    "markedfirst",
    "markedlast",
    "markedstreet",
    "markedcity",
    "markedregion",
    "marked1",
    "markedlane",
    *("marked recipient", "markedcompany", "markedfloor", "marked 55"),
    "markedroad",
    *("marked neighbour", "markedshop", "markedyard", "marked 66"),
    "markedphone",
    "markedtrack",
    "markednote",
    "markedcomplaint",
    HOME,
)


@dataclass(frozen=True)
class Marked:
    """A person of whom the shop stores as much as possible, in marked values."""

    person: Person
    orders: dict[str, dict[str, Any]]


@pytest.fixture(name="home")
def its_home(still_app: Litestar) -> httpx.AsyncClient:
    """A client whose network address is also one of the marked values."""
    return at(still_app, HOME, **{"User-Agent": "Markedphone"})


def keyed(key: str, person: Person | None = None) -> dict[str, str]:
    """Return the headers of a request whose response is stored."""
    return {"Idempotency-Key": key} | (person.headers if person else {})


async def marked(machine: httpx.AsyncClient, home: httpx.AsyncClient) -> Marked:
    """Register a person who logs in, fails to, orders and gets mails, all with keys."""
    registration = MARKS | {"password": PASSWORD}
    user = (await home.post("/users", json=registration, headers=keyed("register"))).json()
    await log_in(home, MARKS["email"], "wrong horse")
    pair = await pair_of(home, MARKS["username"])
    person = Person(user, pair["access_token"], pair["refresh_token"])
    path = f"/users/{person.id}/addresses"
    assert (await home.post(path, json=ADDRESS, headers=keyed("first", person))).is_success
    assert (await machine.post(path, json=SECOND, headers=keyed("second"))).is_success
    orders = await ordered(machine, home, person)
    await home.post("/auth/password/forgot", json={"email": MARKS["email"]})
    return Marked(person, orders)


async def sent_back(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, person: Person, order: dict[str, Any]
) -> None:
    """Store shipping details of an order, and request the return of a unit as the person."""
    path = f"/orders/{order['id']}"
    (shipment,) = (await machine.get(f"{path}/shipments")).json()["items"]
    known = {"tracking_number": "MARKEDTRACK", "note": "Markednote"}
    assert (await machine.patch(f"/shipments/{shipment['id']}", json=known)).is_success
    lines = [{"variant_id": order["items"][0]["product_id"], "quantity": 1}]
    complaint = {"lines": lines, "reason": "damaged", "customer_note": "Markedcomplaint"}
    sent = await home.post(f"{path}/returns", json=complaint, headers=person.headers)
    assert sent.is_success


async def ordered(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, person: Person
) -> dict[str, dict[str, Any]]:
    """Place orders of a person as staff and change their status, and one as the person."""
    product = await create_product(machine, stock_quantity=50)
    items = [{"product_id": product["id"], "quantity": 2}]
    for_person = {"user_id": person.id, "items": items, "delivery_address": DELIVERED_TO}
    orders = {}
    for status, steps in STEPS.items():
        sent = await machine.post("/orders", json=for_person, headers=keyed(status))
        orders[status] = sent.json()
        for step in steps:
            path = f"/orders/{orders[status]['id']}"
            orders[status] = (await machine.patch(path, json={"status": step})).json()
        assert orders[status]["status"] == status
    await sent_back(machine, home, person, orders["delivered"])
    own = await home.post("/orders", json={"items": items}, headers=keyed("own", person))
    path = f"/orders/{own.json()['id']}/cancel"
    orders["own"] = (await home.post(path, headers=person.headers)).json()
    assert orders["own"]["status"] == "cancelled"
    return orders


async def kept_of(shop: Shop, leaving_out: tuple[str, ...] = ()) -> str:
    """Return the content of all tables of the shop, with packed values unpacked."""
    return repr(
        {
            name: [tuple(map(_readable, row)) for row in rows]
            for name, rows in (await stored_values(shop)).items()
            if name not in leaving_out
        }
    ).casefold()


async def test_an_export_has_all_stored_data_of_a_person(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    whole = await marked(machine, home)
    person = whole.person
    response = await home.get(f"/users/{person.id}/export", headers=person.headers)
    assert response.status_code == 200
    export = response.json()
    names = ["addresses", "carts", "events", "exported_at", "invoices", "kept", "order_drafts"]
    assert sorted(export) == [
        *names,
        "orders",
        "payments",
        "refunds",
        "returns",
        "sessions",
        "shipments",
        "user",
    ]
    assert (export["payments"], export["refunds"]) == ([], [])
    assert export["user"] == person.user
    assert [each["street"] for each in export["addresses"]] == ["1 Markedstreet", "2 Markedlane"]
    shown = [(await machine.get(f"/orders/{each['id']}")).json() for each in whole.orders.values()]
    assert export["orders"] == shown
    assert [each["order_id"] for each in export["shipments"]] == [
        whole.orders[status]["id"] for status in ("shipped", "delivered")
    ]
    assert export["shipments"][1]["tracking_number"] == "MARKEDTRACK"
    (returned,) = export["returns"]
    assert returned["customer_note"] == "Markedcomplaint"
    (session,) = export["sessions"]
    assert (session["user_agent"], session["is_current"]) == ("Markedphone", True)
    assert [(each["event"], each["address"]) for each in export["events"]] == [
        ("login.failed", HOME),
        ("login.succeeded", HOME),
        ("password.forgotten", HOME),
    ]
    assert PASSWORD not in response.text and "argon2" not in response.text
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert (await kept_of(still)).count("user.exported") == 1


async def test_an_export_has_no_data_of_other_persons(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still_app: Litestar, still: Shop
) -> None:
    admin = await someone_of(machine, still, UserRole.ADMIN)
    other = await create_user(machine, first_name="Otherfirst", email="other@other.example")
    await create_address(machine, other["id"], street="9 Otherstreet")
    product = await create_product(machine)
    order = await place_order(machine, other["id"], {product["id"]: 1})
    await pair_of(at(still_app, "192.0.2.200", **{"User-Agent": "Otherphone"}), other["email"])
    person = (await marked(machine, home)).person
    office = at(still_app, OFFICE)
    path = f"/users/{person.id}/access"
    assert (await office.patch(path, json={"role": "staff"}, headers=admin.headers)).is_success
    assert (await office.patch(path, json={"role": "customer"}, headers=admin.headers)).is_success
    text = (await home.get(f"/users/{person.id}/export", headers=person.headers)).text
    # The export has the actions, but not the network addresses of staff.
    assert text.count("role.changed") == 2
    for trace in ("Other", "other", order["id"], other["id"], "192.0.2.200", OFFICE):
        assert trace not in text


async def test_an_export_costs_as_much_for_many_orders_as_for_one(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    person = await someone(machine)
    product = await create_product(machine)
    counts = []
    for _ in range(2):
        await place_order(machine, person.id, {product["id"]: 1})
        await place_order(machine, person.id, {product["id"]: 1})
        still.identities.clear()
        with statements_of(still) as statements:
            await machine.get(f"/users/{person.id}/export", headers=person.headers)
        counts.append(len([each for each in statements if "BEGIN" not in each.sql]))
    assert counts == [19, 19]


async def test_no_data_of_an_erased_person_is_left(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    whole = await marked(machine, home)
    person, orders = whole.person, whole.orders
    before = await kept_of(still)
    assert [trace for trace in TRACES if trace not in before] == []
    assert len(await mails_of(still)) == 2
    # The two unfinished orders still need their addresses.
    response = await home.delete(f"/users/{person.id}", headers=person.headers)
    assert (response.status_code, response.content) == (204, b"")
    rest = await kept_of(still, leaving_out=("orders",))
    assert [trace for trace in TRACES if trace in rest] == []
    assert await mails_of(still) == []
    left = await kept_of(still)
    on_the_way = ["markedroad", "marked neighbour", "markedshop", "markedyard", "marked 66"]
    assert [trace for trace in TRACES if trace in left] == on_the_way
    assert {left.count(each) for each in on_the_way} == {2}
    for status, following in (("shipped", ["delivered"]), ("pending", ["cancelled"])):
        for step in following:
            path = f"/orders/{orders[status]['id']}"
            assert (await machine.patch(path, json={"status": step})).status_code == 200
    left = await kept_of(still)
    assert [trace for trace in TRACES if trace in left] == []


async def test_the_orders_of_an_erased_person_keep_their_totals_and_countries(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    whole = await marked(machine, home)
    assert (await machine.delete(f"/users/{whole.person.id}")).status_code == 204
    forgotten = {
        "street": "anonymised",
        "city": "anonymised",
        "region": "",
        "postal_code": "anonymised",
        "country": "PT",
    }
    for status, order in whole.orders.items():
        shown = (await machine.get(f"/orders/{order['id']}")).json()
        is_finished = status in ("delivered", "cancelled", "own")
        address = forgotten if is_finished else order["delivery_address"]
        assert shown == order | {"delivery_address": address}
        assert shown["total"] == "9.98"
    async with still.database.read() as session:
        owners = await session.scalars(select(Order.user_id))
        assert set(owners) == {UUID(whole.person.id)}


async def test_an_erased_user_is_logged_out_at_once_and_cannot_log_in(
    machine: httpx.AsyncClient, home: httpx.AsyncClient
) -> None:
    person = (await marked(machine, home)).person
    assert await status_of(home, person.access) == 200
    assert (await home.delete(f"/users/{person.id}", headers=person.headers)).status_code == 204
    assert await status_of(home, person.access) == 401
    assert kind_of(await renew(home, person.refresh)) == (401, "invalid-token")
    for name in (MARKS["email"], MARKS["username"], f"anonymised-{person.id.replace('-', '')}"):
        assert (await log_in(home, name)).status_code == 401
    # Another person can use the names.
    again = await home.post("/users", json=MARKS | {"password": PASSWORD})
    assert again.status_code == 201 and again.json()["id"] != person.id


async def test_a_user_who_has_never_ordered_is_deleted_completely(
    home: httpx.AsyncClient, still: Shop
) -> None:
    registration = MARKS | {"password": PASSWORD}
    user = (await home.post("/users", json=registration, headers=keyed("register"))).json()
    pair = await pair_of(home, MARKS["email"])
    headers = bearer(pair["access_token"]) | {"Idempotency-Key": "address"}
    await home.post(f"/users/{user['id']}/addresses", json=ADDRESS, headers=headers)
    response = await home.delete(f"/users/{user['id']}", headers=bearer(pair["access_token"]))
    assert response.status_code == 204
    rows = await everything(still)
    for table in ("users", "addresses", "login_sessions", "outgoing_mails", "idempotency_keys"):
        assert rows[table] == []
    left = await kept_of(still)
    assert [trace for trace in TRACES if trace in left] == []


async def test_an_erasure_does_not_affect_other_persons(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    product = await create_product(machine)
    order = await order_in(machine, "delivered", product)
    bystander = await someone(machine)
    await create_address(machine, bystander.id)
    key = bystander.headers | {"Idempotency-Key": "mine"}
    body = {"items": [{"product_id": product["id"], "quantity": 1}]}
    own = await machine.post("/orders", json=body, headers=key)

    def others(tables: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: [row for row in rows if row in before[name]] for name, rows in tables.items()}

    before = await everything(still)
    person = (await marked(machine, home)).person
    assert (await machine.delete(f"/users/{person.id}")).status_code == 204
    assert others(await everything(still)) == before
    replayed = await machine.post("/orders", json=body, headers=key)
    assert replayed.json() == own.json()
    assert (await machine.get(f"/orders/{order['id']}")).json() == order
    assert await status_of(machine, bystander.access) == 200


async def test_other_users_cannot_erase_a_user_and_the_last_administrator_is_not_erased(
    machine: httpx.AsyncClient, still: Shop
) -> None:
    admin, person = await someone_of(machine, still, UserRole.ADMIN), await someone(machine)
    stranger = await someone(machine)
    before = await everything(still)
    path = f"/users/{person.id}"
    assert kind_of(await machine.delete(path, headers=stranger.headers)) == (404, "user-not-found")
    export = await machine.get(f"{path}/export", headers=stranger.headers)
    assert kind_of(export) == (404, "user-not-found")
    own = await machine.delete(f"/users/{admin.id}", headers=admin.headers)
    assert kind_of(own) == (409, "last-admin")
    for method, route in (("DELETE", ""), ("GET", "/export")):
        response = await machine.request(method, f"/users/{admin.id}{route}", headers=AUTHORIZATION)
        assert kind_of(response) == (403, "forbidden")
    assert await everything(still) == before


def test_every_table_is_looked_through() -> None:
    assert {"idempotency_keys", "outgoing_mails", "audit_events", "login_sessions"} < set(
        Base.metadata.tables
    )


def _readable(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else value

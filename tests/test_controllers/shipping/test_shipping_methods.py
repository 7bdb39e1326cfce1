"""Shipping methods: added, changed, deleted, refused, and chosen for a cart."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.core.countries import Place
from app.models import AuditEvent
from app.security.areas.shipping import ShippingAudited
from app.services.shipping.shipping_service import Parcel, terms_of
from app.wiring.areas.shipping import provide_shipping
from app.wiring.resources import Shop
from tests.support.refusals import NOTHING, places_of, problem_of, refused

RATES = [
    {"currency": "USD", "from_weight_grams": 0, "from_subtotal": "0.00", "amount": "4.90"},
    {"currency": "USD", "from_weight_grams": 0, "from_subtotal": "50.00", "amount": "0.00"},
    {"currency": "USD", "from_weight_grams": 5000, "from_subtotal": "0.00", "amount": "9.90"},
]
STANDARD: dict[str, Any] = {
    "name": "Standard",
    "description": "To the door.",
    "carrier": "DHL",
    "countries": ["DE", "AT"],
    "regions": [],
    "excluded_postal_prefixes": ["27498"],
    "tax_class": None,
    "min_days": 2,
    "max_days": 4,
    "max_weight_grams": 31_500,
    "is_pickup": False,
    "counts_before_discounts": False,
    "position": 1,
    "is_active": True,
    "rates": RATES,
}
BERLIN = Place("DE", "Berlin", "10115")


async def add_method(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Add a shipping method."""
    response = await client.post("/shipping-methods", json=STANDARD | fields)
    assert response.status_code == 201, response.text
    added: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/api/v1/shipping-methods/{added['id']}"
    return added


async def offered(
    shop: Shop,
    destination: Place = BERLIN,
    *,
    currency: str = "USD",
    weight: int = 1_000,
    subtotal: int = 1_000,
    discounted: int | None = None,
) -> list[tuple[str, int]]:
    """Return the names and prices of the methods that fit."""
    parcel = Parcel(currency, weight, subtotal, subtotal if discounted is None else discounted)
    async with shop.database.read() as session:
        found = await provide_shipping(session, shop).methods_for(destination, parcel)
    return [(each.method.name, each.price_minor) for each in found]


@pytest.mark.any_database
async def test_an_added_method_is_shown_with_its_fields(client: httpx.AsyncClient) -> None:
    added = await add_method(client, rates=RATES[::-1])
    own = {each: added[each] for each in ("id", "created_at", "updated_at")}
    assert added == STANDARD | own | {"version": 1}
    assert (await client.get(f"/shipping-methods/{added['id']}")).json() == added
    assert (await client.get("/shipping-methods")).json() == {"items": [added], "next": None}


@pytest.mark.any_database
async def test_methods_are_paged_by_position(client: httpx.AsyncClient) -> None:
    for position in (3, 1, 2):
        await add_method(client, name=str(position), position=position)
    first = (await client.get("/shipping-methods?limit=2")).json()
    second = (await client.get(f"/shipping-methods?limit=2&cursor={first['next']}")).json()
    found = [each["name"] for each in first["items"] + second["items"]]
    assert (found, second["next"]) == (["1", "2", "3"], None)


@pytest.mark.any_database
async def test_given_rates_replace_all_and_are_kept_if_not_given(client: httpx.AsyncClient) -> None:
    path = f"/shipping-methods/{(await add_method(client))['id']}"
    renamed = (await client.patch(path, json={"name": "Parcel"})).json()
    assert (renamed["name"], renamed["version"], renamed["rates"]) == ("Parcel", 2, RATES)
    rates = [RATES[0] | {"amount": "5.90"}, RATES[2] | {"from_weight_grams": 6000}]
    changed = (await client.patch(path, json={"rates": rates[::-1]})).json()
    assert (changed["rates"], changed["version"]) == (rates, 3)
    assert (await client.get(path)).json() == changed


@pytest.mark.any_database
async def test_a_change_of_a_method_is_refused_without_its_current_etag(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = f"/shipping-methods/{(await add_method(client))['id']}"
    seen = {"If-Match": (await client.get(path)).headers["ETag"]}
    free = {"rates": [RATES[0] | {"amount": "0"}]}
    assert (await client.patch(path, json=free, headers=seen)).status_code == 200
    problem = await refused(client, shop, "PATCH", path, json={"name": "Other"}, headers=seen)
    assert problem["type"] == "urn:problem:precondition-failed"


@pytest.mark.any_database
async def test_changes_of_a_method_are_in_the_audit_trail(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = f"/shipping-methods/{(await add_method(client, rates=RATES[:1]))['id']}"
    await client.patch(path, json={"is_active": False})
    assert (await client.delete(path)).status_code == 204
    async with shop.database.read() as session:
        events = list(await session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    told = {"name": "Standard", "is_active": True, "rates": RATES[:1]}
    assert [(each.event, each.detail) for each in events if "shipping" in each.event] == [
        (ShippingAudited.METHOD_ADDED, told),
        (ShippingAudited.METHOD_CHANGED, told | {"is_active": False}),
        (ShippingAudited.METHOD_DELETED, told | {"is_active": False}),
    ]


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PATCH", {"name": "Parcel"}), ("DELETE", None)]
)
async def test_a_method_that_does_not_exist_is_not_found(
    client: httpx.AsyncClient, shop: Shop, method: str, body: dict[str, Any] | None
) -> None:
    its = {} if body is None else {"json": body}
    problem = await refused(client, shop, method, f"/shipping-methods/{NOTHING}", **its)
    assert (problem["status"], problem["type"]) == (404, "urn:problem:shipping-method-not-found")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"max_days": 1}, "#/max_days", "must be at least min_days"),
        ({"rates": [RATES[0], RATES[0]]}, "#/rates/1", "has the thresholds of another rate"),
        (
            {"rates": [RATES[0] | {"amount": "4.905"}]},
            "#/rates/0/amount",
            "must have at most 2 decimal places (USD)",
        ),
        (
            {"rates": [RATES[0] | {"from_subtotal": "0.001"}]},
            "#/rates/0/from_subtotal",
            "must have at most 2 decimal places (USD)",
        ),
        (
            {"rates": [RATES[0] | {"currency": "EUR"}]},
            "#/rates/0/currency",
            "must be a currency of the shop: USD",
        ),
        ({"countries": ["XX"]}, "#/countries/0", "must be a country code of ISO 3166-1 alpha-2"),
    ],
)
async def test_a_wrong_method_is_refused_by_its_field(
    client: httpx.AsyncClient, shop: Shop, fields: dict[str, Any], place: str, reason: str
) -> None:
    path = f"/shipping-methods/{(await add_method(client))['id']}"
    for method, where, body in (
        ("POST", "/shipping-methods", STANDARD | fields),
        ("PATCH", path, fields),
    ):
        problem = await refused(client, shop, method, where, json=body)
        assert places_of(problem) == {place: reason}


@pytest.mark.any_database
async def test_a_higher_minimum_alone_is_refused_by_its_own_field(
    client: httpx.AsyncClient,
) -> None:
    path = f"/shipping-methods/{(await add_method(client))['id']}"
    problem = problem_of(await client.patch(path, json={"min_days": 5}))
    assert places_of(problem) == {"#/min_days": "must be at most max_days"}


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("fields", "destination", "fits"),
    [
        ({}, Place("AT"), True),
        ({}, Place("FR"), False),
        ({"countries": []}, Place("FR"), True),
        ({"regions": ["berlin"]}, BERLIN, True),
        ({"regions": ["Bayern"]}, BERLIN, False),
        ({"regions": ["Bayern"]}, Place("DE"), False),
        ({"regions": ["NY"], "countries": []}, Place("US", " new york", "10001"), True),
        ({"regions": ["New York"], "countries": []}, Place("US", "NY", "10001"), True),
        ({"regions": ["NY"], "countries": []}, Place("US", "CA", "90001"), False),
        ({}, Place("DE", "", "D-27498"), False),
        ({}, Place("DE", "", "２７４９８"), False),
        ({}, Place("DE", "Niedersachsen", "27498"), False),
        ({"excluded_postal_prefixes": ["bt"]}, Place("DE", "", "BT1 5GS"), False),
        ({"excluded_postal_prefixes": ["BT1 5"]}, Place("DE", "", "bt15gs"), False),
        ({"excluded_postal_prefixes": ["BT1 6"]}, Place("DE", "", "bt15gs"), True),
        ({"is_active": False}, BERLIN, False),
    ],
)
async def test_a_method_ships_to_its_places(
    client: httpx.AsyncClient,
    shop: Shop,
    fields: dict[str, Any],
    destination: Place,
    fits: bool,
) -> None:
    await add_method(client, **fields)
    assert await offered(shop, destination) == ([("Standard", 490)] if fits else [])


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("parcel", "price"),
    [
        ({}, 490),
        ({"subtotal": 4_999}, 490),
        ({"subtotal": 5_000}, 0),
        ({"subtotal": 5_000, "discounted": 4_999}, 490),
        # The weight is compared before the price of the goods.
        ({"subtotal": 5_000, "weight": 5_000}, 990),
        ({"weight": 31_500}, 990),
        ({"weight": 31_501}, None),
        ({"currency": "EUR"}, None),
    ],
)
async def test_the_rate_with_the_highest_thresholds_applies(
    client: httpx.AsyncClient, shop: Shop, parcel: dict[str, Any], price: int | None
) -> None:
    await add_method(client)
    assert await offered(shop, **parcel) == ([] if price is None else [("Standard", price)])


@pytest.mark.any_database
async def test_a_method_can_count_the_goods_before_discounts(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await add_method(client, counts_before_discounts=True)
    assert await offered(shop, subtotal=5_000, discounted=4_999) == [("Standard", 0)]


@pytest.mark.any_database
async def test_the_terms_of_a_method_have_its_stored_values(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    added = await add_method(client, tax_class="reduced", counts_before_discounts=True)
    async with shop.database.read() as session:
        service = provide_shipping(session, shop)
        [one] = await service.methods_for(BERLIN, Parcel("USD", 0, 0, 0))
        terms, other = terms_of(one.method, "USD"), terms_of(one.method, "EUR")
    assert str(one.method.id) == added["id"]
    amounts = [each.amount_minor for each in terms.rates]
    assert (amounts, other.rates) == ([490, 0, 990], ())
    assert (terms.tax_class, terms.max_weight_grams) == ("reduced", 31_500)
    assert terms.counts_before_discounts

"""Users have one name or two, and addresses have the fields of their countries."""

from typing import Any

import httpx
import pytest

from app.core.countries import COUNTRIES, NEED_NO_CITY, NEED_POSTAL_CODE
from app.wiring.resources import Shop
from tests.support.factories import create_address, create_product, create_user
from tests.support.refusals import USER, places_of, problem_of, refused

pytestmark = pytest.mark.any_database

HONG_KONG = {"street": "1 Example Road", "city": "Kowloon", "country": "HK"}
DUBAI = {"street": "PO Box 1", "city": "Dubai", "postal_code": "", "country": "AE"}
DOHA = {"street": "Street 850", "city": "Doha", "country": "QA"}
LAGOS = {"street": "1 Marina", "city": "Lagos", "country": "NG"}
SINGAPORE = {"street": "1 Raffles Place", "postal_code": "048616", "country": "SG"}
LONDON = {"street": "1 Pall Mall", "city": "London", "country": "GB"}
WITHOUT = (
    "AE AG AO AW BF BI BJ BO BS BW BZ CD CF CG CI CM DJ DM ER FJ GD GH GM GQ GY HK JM KI KM KN ML "
    "MO MR MW NR PA QA RW SB SC SL SR ST SY TD TG TL TO TV UG VU YE ZW"
).split()


def test_countries_without_postal_codes_do_not_require_one() -> None:
    assert not NEED_POSTAL_CODE & set(WITHOUT)
    assert NEED_POSTAL_CODE < COUNTRIES and NEED_NO_CITY < COUNTRIES
    assert {"DE", "FR", "GB", "JP", "US"} < NEED_POSTAL_CODE


@pytest.mark.parametrize("place", [HONG_KONG, DUBAI, DOHA, LAGOS, SINGAPORE])
async def test_an_address_has_the_fields_of_its_country(
    client: httpx.AsyncClient, place: dict[str, str]
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=2)
    whole = {"city": "", "region": "", "postal_code": ""} | place
    added = await client.post(f"/users/{user['id']}/addresses", json=place)
    assert added.status_code == 201
    assert added.json().items() >= whole.items()
    line = {"product_id": product["id"], "quantity": 1}
    for given in ({"delivery_address": place}, {}):
        order = await client.post("/orders", json={"user_id": user["id"], "items": [line]} | given)
        assert (order.status_code, order.json()["delivery_address"]) == (201, whole)
        shown = await client.get(f"/orders/{order.json()['id']}")
        assert shown.json()["delivery_address"] == whole


@pytest.mark.parametrize(
    ("place", "pointer", "country"),
    [
        (LONDON, "postal_code", "GB"),
        (LONDON | {"postal_code": ""}, "postal_code", "GB"),
        (SINGAPORE | {"postal_code": ""}, "postal_code", "SG"),
        (LONDON | {"postal_code": "SW1Y", "city": ""}, "city", "GB"),
        (DOHA | {"city": ""}, "city", "QA"),
    ],
)
async def test_an_incomplete_address_is_refused(
    client: httpx.AsyncClient, shop: Shop, place: dict[str, str], pointer: str, country: str
) -> None:
    user, product = await create_user(client), await create_product(client, stock_quantity=2)
    path, reason = f"/users/{user['id']}/addresses", f"is required in {country}"
    problem = await refused(client, shop, "POST", path, json=place)
    assert (problem["status"], places_of(problem)) == (400, {f"#/{pointer}": reason})
    order = {
        "user_id": user["id"],
        "items": [{"product_id": product["id"], "quantity": 1}],
        "delivery_address": place,
    }
    problem = await refused(client, shop, "POST", "/orders", json=order)
    assert places_of(problem) == {f"#/delivery_address/{pointer}": reason}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"postal_code": ""}, 400),
        ({"city": ""}, 400),
        ({"postal_code": "", "country": "HK", "city": "Kowloon"}, 200),
        ({"postal_code": "", "city": "", "country": "HK"}, 200),
        ({"country": "FR"}, 200),
    ],
)
async def test_a_change_that_makes_an_address_incomplete_is_refused(
    client: httpx.AsyncClient, change: dict[str, str], status: int
) -> None:
    user = await create_user(client)
    address = await create_address(client, user["id"])
    path = f"/users/{user['id']}/addresses/{address['id']}"
    answer = await client.patch(path, json=change)
    assert answer.status_code == status
    shown = (await client.get(path)).json()
    if status == 400:
        (name,) = change
        assert places_of(problem_of(answer)) == {f"#/{name}": "is required in GB"}
        assert shown == address
    else:
        assert shown.items() >= change.items()


@pytest.mark.parametrize("given", [{}, {"last_name": ""}])
async def test_a_person_may_have_one_name(client: httpx.AsyncClient, given: dict[str, Any]) -> None:
    person = {name: value for name, value in USER.items() if name != "last_name"}
    answer = await client.post("/users", json=person | {"first_name": "Sukarno"} | given)
    assert answer.status_code == 201
    user = answer.json()
    assert (user["first_name"], user["last_name"]) == ("Sukarno", "")
    path = f"/users/{user['id']}"
    for last_name in ("Lovelace", ""):
        changed = await client.patch(path, json={"last_name": last_name})
        assert (changed.status_code, changed.json()["last_name"]) == (200, last_name)

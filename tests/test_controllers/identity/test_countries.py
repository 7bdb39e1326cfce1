"""The forms of addresses over HTTP."""

import re
from typing import Any

import httpx
import pytest

from app.core.countries import COUNTRIES
from app.wiring.resources import Shop
from tests.support.factories import create_user
from tests.support.queries import statements_of
from tests.support.refusals import refused
from tests.test_core.places import SOLD_TO, whole

pytestmark = pytest.mark.any_database


async def form_in(client: httpx.AsyncClient, country: str) -> dict[str, Any]:
    """Return the form of a country's addresses."""
    response = await client.get(f"/countries/{country}/address-format")
    assert response.status_code == 200, response.text
    form: dict[str, Any] = response.json()
    return form


async def test_a_form_has_the_fields_in_the_order_of_the_country(client: httpx.AsyncClient) -> None:
    form = await form_in(client, "US")
    assert form["country"] == "US"
    assert [(each["name"], each["label_key"], each["label"]) for each in form["fields"]] == [
        ("recipient", "recipient", "Recipient"),
        ("company", "company", "Company"),
        ("street", "street", "Street and number"),
        ("line2", "line2", "Floor, building or district"),
        ("city", "city", "City"),
        ("region", "state", "State"),
        ("postal_code", "zip", "ZIP code"),
        ("phone", "phone", "Phone"),
    ]
    required = [each["name"] for each in form["fields"] if each["is_required"]]
    assert required == ["recipient", "street", "city", "region", "postal_code"]
    assert {"code": "CA", "name": "California"} in form["regions"]
    code = form["fields"][6]
    assert (code["pattern"], code["example"]) == (r"^(?:(\d{5})(?:[ \-](\d{4}))?)$", "95014")


async def test_a_region_has_a_name_in_the_latin_script(client: httpx.AsyncClient) -> None:
    form = await form_in(client, "JP")
    assert {"code": "東京都", "name": "Tokyo"} in form["regions"]
    assert (await form_in(client, "DE"))["regions"] == []


@pytest.mark.parametrize("country", SOLD_TO)
async def test_the_pattern_of_a_form_matches_its_example(
    client: httpx.AsyncClient, country: str
) -> None:
    fields = {each["name"]: each for each in (await form_in(client, country))["fields"]}
    code = fields["postal_code"]
    assert re.fullmatch(code["pattern"], code["example"])
    assert not re.fullmatch(code["pattern"], f"{code['example']}789")
    # A completed form is a valid address.
    home = {name: value for name, value in whole(country).items() if value and name in fields}
    user = await create_user(client)
    sent = await client.post(f"/users/{user['id']}/addresses", json=home | {"country": country})
    assert sent.status_code == 201, sent.text


async def test_every_country_has_a_form(client: httpx.AsyncClient, shop: Shop) -> None:
    with statements_of(shop) as statements:
        for country in sorted(COUNTRIES):
            form = await form_in(client, country)
            assert {"recipient", "street"} <= {each["name"] for each in form["fields"]}
    assert not statements


async def test_a_form_may_be_cached_for_a_day(client: httpx.AsyncClient) -> None:
    path = "/countries/GB/address-format"
    first = await client.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=86400"
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=86400"


@pytest.mark.parametrize("code", ["XX", "gb", "ZZ", "GBR", "all", "%00", "ß"])
async def test_an_unknown_country_has_no_address_form(
    client: httpx.AsyncClient, shop: Shop, code: str
) -> None:
    problem = await refused(client, shop, "GET", f"/countries/{code}/address-format")
    assert problem == {
        "type": "urn:problem:country-not-found",
        "title": "Country not found",
        "status": 404,
        "detail": "no country of ISO 3166-1 has this code",
    }

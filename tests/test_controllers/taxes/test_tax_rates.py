"""Rates of tax: added, listed, deleted, refused, and the rates that the shop includes."""

import csv
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.core.countries import EU_COUNTRIES
from app.models import AuditEvent
from app.wiring.resources import Shop
from tests.support.command_line import lavka
from tests.support.refusals import places_of, problem_of

GERMANY = {"country": "DE", "rate": "19", "name": "MwSt. 19 %", "valid_from": "2021-01-01"}


async def add_rate(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Add a rate of tax."""
    response = await client.post("/tax-rates", json=GERMANY | fields)
    assert response.status_code == 201, response.text
    added: dict[str, Any] = response.json()
    return added


@pytest.mark.any_database
async def test_a_rate_is_added_listed_and_deleted(client: httpx.AsyncClient, shop: Shop) -> None:
    added = await add_rate(client)
    assert added == GERMANY | {
        "id": added["id"],
        "region": "",
        "tax_class": "standard",
        "created_at": added["created_at"],
    }
    austria = await add_rate(client, country="AT", rate="20.5")
    assert (await client.get("/tax-rates")).json()["items"] == [austria, added]
    assert (await client.get("/tax-rates?country=AT")).json()["items"] == [austria]
    assert (await client.delete(f"/tax-rates/{added['id']}")).status_code == 204
    assert (await client.get("/tax-rates")).json()["items"] == [austria]
    gone = problem_of(await client.delete(f"/tax-rates/{added['id']}"))
    assert gone["type"].endswith("tax-rate-not-found")
    async with shop.database.read() as session:
        events = list(await session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    told = {"country": "DE", "region": "", "tax_class": "standard", "valid_from": "2021-01-01"}
    assert [(each.event, each.detail) for each in events if "tax" in each.event] == [
        ("tax_rate.added", told | {"rate": "19"}),
        ("tax_rate.added", told | {"country": "AT", "rate": "20.5"}),
        ("tax_rate.deleted", told | {"rate": "19"}),
    ]


async def test_two_rates_of_one_place_and_class_begin_on_different_days(
    client: httpx.AsyncClient,
) -> None:
    await add_rate(client, region="California")
    taken = await client.post("/tax-rates", json=GERMANY | {"region": "CALIFORNIA", "rate": "7"})
    assert problem_of(taken)["type"].endswith("tax-rate-exists")
    await add_rate(client, region="California", tax_class="reduced")
    await add_rate(client, region="California", valid_from="2021-01-02")
    await add_rate(client)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"rate": "19 %"}, "#/rate", 'must be a percentage as text, like "19" or "8.875"'),
        ({"rate": 19}, "#/rate", 'must be a percentage as text, like "19" or "8.875"'),
        ({"rate": "-1"}, "#/rate", 'must be a percentage as text, like "19" or "8.875"'),
        ({"rate": "8.87654"}, "#/rate", 'must be a percentage as text, like "19" or "8.875"'),
        ({"rate": "100.0001"}, "#/rate", "must not be more than 100"),
        ({"country": "XX"}, "#/country", None),
        ({"valid_from": "01.01.2021"}, "#/valid_from", "must be a day like 2026-01-31"),
        (
            {"tax_class": "exempt", "rate": "0.0001"},
            "#/rate",
            "must be 0 in the class exempt, which has no tax anywhere",
        ),
        (
            {"tax_class": "food"},
            "#/tax_class",
            "must be a tax class of the shop: standard, reduced, zero, exempt",
        ),
    ],
)
async def test_an_invalid_rate_is_refused_by_its_field(
    client: httpx.AsyncClient, fields: dict[str, Any], place: str, reason: str | None
) -> None:
    refused = places_of(problem_of(await client.post("/tax-rates", json=GERMANY | fields)))
    assert list(refused) == [place]
    assert reason in (None, refused[place])
    assert (await client.get("/tax-rates")).json()["items"] == []


@pytest.mark.any_database
async def test_a_rate_of_the_class_exempt_is_zero(client: httpx.AsyncClient) -> None:
    added = await add_rate(client, tax_class="exempt", rate="0")
    assert (added["tax_class"], added["rate"]) == ("exempt", "0")


async def test_the_shipped_rates_are_added_to_countries_without_any(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    own = await add_rate(client, rate="16")
    done = lavka(shop.settings, "tax-rates")
    assert (done.returncode, done.stdout) == (0, "34 rates of tax added, 2 unchanged\n")
    again = lavka(shop.settings, "tax-rates")
    assert again.stdout == "0 rates of tax added, 36 unchanged\n"
    germany = (await client.get("/tax-rates?country=DE")).json()["items"]
    assert germany == [own]


def test_the_shipped_rates_are_those_of_an_independent_list() -> None:
    # The rates of 2025, as published at calculariva.app.
    published = {
        **{"AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19", "DK": "25"},
        **{"EE": "24", "ES": "21", "FI": "25.5", "FR": "20", "GR": "24", "HR": "25", "HU": "27"},
        **{"IE": "23", "IT": "22", "LT": "21", "LU": "17", "LV": "21", "MT": "18", "NL": "21"},
        **{"PL": "23", "PT": "23", "RO": "21", "SE": "25", "SI": "22", "SK": "23"},
    }
    path = Path(__file__).parents[3] / "app/services/taxes/tax_rates.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    standard = {row["country"]: row["rate"] for row in rows if row["tax_class"] == "standard"}
    assert standard.keys() == EU_COUNTRIES | {"GB", "CH", "NO"}
    assert {country: standard[country] for country in EU_COUNTRIES} == published
    assert all(row["rate"] in row["name"] for row in rows)

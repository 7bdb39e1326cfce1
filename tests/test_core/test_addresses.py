"""Addresses of each country are validated, and formatted for a letter."""

import pytest

from app.core.addresses.formats import form_of
from app.core.addresses.rules import lines_of, problems_of
from app.core.countries import COUNTRIES
from tests.test_core.places import SOLD_TO, whole


@pytest.mark.parametrize("country", SOLD_TO)
def test_an_address_with_a_postal_code_of_its_country_is_complete(country: str) -> None:
    assert form_of(country).postal_code_example
    assert not problems_of(whole(country))


@pytest.mark.parametrize("country", SOLD_TO)
def test_a_wrong_postal_code_is_refused_by_name_with_a_valid_example(country: str) -> None:
    example = form_of(country).postal_code_example
    for code in ("?1", f"{example}789", f"1{example}"):
        assert problems_of(whole(country, postal_code=code)) == [
            ("postal_code", f"is not a postal code of {country}, such as {example}")
        ]


@pytest.mark.parametrize("country", SOLD_TO)
def test_missing_fields_are_named_in_the_order_of_the_country(country: str) -> None:
    form = form_of(country)
    missing = [(name, f"is required in {country}") for name in form.fields if name in form.required]
    assert problems_of({"country": country}) == missing
    assert ("recipient", f"is required in {country}") in missing
    assert problems_of(whole(country, street=" ", recipient=None)) == [
        each for each in missing if each[0] in ("street", "recipient")
    ]


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_every_country_has_a_form_that_matches_its_example_address(country: str) -> None:
    form = form_of(country)
    assert form.required <= set(form.fields)
    assert len(set(form.fields)) == len(form.fields)
    for each in form.regions:
        assert form.has_region(each.code) and form.has_region(each.name)
    region = form.regions[0].name if form.regions else "Somewhere"
    assert not problems_of(whole(country, region=region))
    assert lines_of(whole(country))[-1] == form.country_line


@pytest.mark.parametrize(
    ("country", "code"),
    [
        ("GB", "sw1y 4jh"),
        ("GB", "SW1Y4JH"),
        ("CH", "CH-8001"),
        ("LU", "L-1234"),
        ("JP", "１５４－００２３"),
        ("JP", "1540023"),
        ("US", "95014-1234"),
        ("SE", "11432"),
        ("NL", " 1234 ab "),
        ("HK", "999077"),
    ],
)
def test_a_postal_code_may_be_written_in_the_ways_of_its_country(country: str, code: str) -> None:
    assert not problems_of(whole(country, postal_code=code))


@pytest.mark.parametrize("region", ["SP", "sp", "São Paulo", "sao paulo", "SAO PAULO"])
def test_a_region_may_be_given_by_code_or_by_name(region: str) -> None:
    assert not problems_of(whole("BR", region=region))


def test_a_required_region_must_be_one_of_the_regions_of_the_country() -> None:
    reason = "is not a region of IT, such as AG"
    assert problems_of(whole("IT", region="Bayern")) == [("region", reason)]
    assert problems_of(whole("IT", region="")) == [("region", "is required in IT")]
    # Ireland has a list, too, but does not require the county.
    assert not problems_of(whole("IE", region="Kent"))


def test_an_unknown_country_has_the_general_rules() -> None:
    assert problems_of({"country": "XX", "postal_code": "?"}) == [
        ("recipient", "is required in XX"),
        ("street", "is required in XX"),
        ("city", "is required in XX"),
    ]
    assert lines_of({"country": "XX", "street": "1 Main Street", "city": "Town"}) == [
        "1 Main Street",
        "Town",
        "XX",
    ]


FULL = {
    "recipient": "Ada Lovelace",
    "company": "Engines Ltd",
    "street": "1 Main Street",
    "line2": "2nd floor",
    "city": "Town",
    "region": "Region",
    "postal_code": "12345",
    "phone": "+1 555 0100",
}


@pytest.mark.parametrize(
    ("country", "lines"),
    [
        ("DE", "Ada Lovelace|Engines Ltd|1 Main Street|2nd floor|12345 Town|GERMANY"),
        ("AT", "Engines Ltd|Ada Lovelace|1 Main Street|2nd floor|12345 Town|AUSTRIA"),
        ("GB", "Ada Lovelace|Engines Ltd|1 Main Street|2nd floor|Town|12345|UNITED KINGDOM"),
        ("US", "Ada Lovelace|Engines Ltd|1 Main Street|2nd floor|Town, Region 12345|UNITED STATES"),
        ("CH", "Engines Ltd|Ada Lovelace|1 Main Street|2nd floor|CH-12345 Town|SWITZERLAND"),
        ("HU", "Ada Lovelace|Engines Ltd|Town|1 Main Street|2nd floor|12345|HUNGARY"),
        ("JP", "Ada Lovelace|Engines Ltd|1 Main Street, 2nd floor, Town, Region|12345|JAPAN"),
        ("GI", "Ada Lovelace|Engines Ltd|1 Main Street|2nd floor|Town|12345|GIBRALTAR"),
        ("QA", "Ada Lovelace|Engines Ltd|1 Main Street|2nd floor|Region, 12345|Town|QATAR"),
    ],
)
def test_an_address_on_a_letter_has_the_format_of_its_country(country: str, lines: str) -> None:
    assert lines_of(FULL | {"country": country}) == lines.split("|")


@pytest.mark.parametrize(
    ("country", "lines"),
    [
        ("DE", "1 Main Street|Town|GERMANY"),
        ("US", "1 Main Street|Town|UNITED STATES"),
        ("CH", "1 Main Street|Town|SWITZERLAND"),
        ("BR", "1 Main Street|Town|BRAZIL"),
        ("SG", "1 Main Street|Town|REP. OF SINGAPORE"),
        ("JP", "1 Main Street, Town|JAPAN"),
    ],
)
def test_missing_parts_leave_no_gaps(country: str, lines: str) -> None:
    bare = {"street": "1 Main Street", "city": "Town", "country": country}
    assert lines_of(bare) == lines.split("|")


def test_a_prefix_of_the_postal_code_is_not_repeated() -> None:
    assert "CH-8001 Town" in lines_of(whole("CH", postal_code="ch-8001"))


def test_an_address_in_the_script_of_its_country_is_in_the_local_order() -> None:
    shibuya = {"recipient": "山田", "street": "神南1-1", "region": "東京都", "country": "JP"}
    assert lines_of(shibuya | {"postal_code": "150-0041"}) == [
        "〒150-0041",
        "東京都",
        "神南1-1",
        "山田",
        "JAPAN",
    ]

"""VAT numbers are validated, normalised and refused with a reason."""

import pytest

from app.core.countries import EU_COUNTRIES
from app.core.vat.numbers import MAX_VAT_NUMBER, country_of, is_of_member_state, vat_number
from tests.test_core.vat_numbers import TYPED

_NO_STATE = (
    "must begin with the two letters of a member state of the EU, as in DE136695976, "
    "or with CH, GB, NO or XI; those of Greece are EL"
)


@pytest.mark.parametrize(("stored", "typed"), TYPED.items())
def test_normalising_a_vat_number_removes_separators_and_is_idempotent(
    stored: str, typed: str
) -> None:
    assert vat_number(typed) == stored
    assert vat_number(stored) == stored
    assert vat_number(f" {stored[:2]}.{stored[2:]} ".lower()) == stored
    assert len(stored) <= MAX_VAT_NUMBER


def test_each_member_state_has_numbers_and_so_has_northern_ireland() -> None:
    countries = {country_of(each) for each in TYPED}
    assert countries == EU_COUNTRIES | {"XI", "GB", "CH", "NO"}
    members = {country_of(each) for each in TYPED if is_of_member_state(each)}
    assert members == EU_COUNTRIES | {"XI"}


def test_the_country_code_of_greece_is_replaced_by_its_vat_prefix() -> None:
    assert vat_number("GR 094259216") == "EL094259216"


@pytest.mark.parametrize("stored", [each for each in TYPED if each[:2] != "SK"])
def test_a_wrong_digit_is_refused_with_the_example_of_its_country(stored: str) -> None:
    place = next(place for place in range(4, len(stored)) if stored[place].isdecimal())
    wrong = f"{stored[:place]}{(int(stored[place]) + 1) % 10}{stored[place + 1:]}"
    with pytest.raises(
        ValueError, match=rf"must be a VAT number of {stored[:2]}, like {stored[:2]}"
    ):
        vat_number(wrong)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("DE136695977", "has a wrong check digit; it must be a VAT number of DE, like DE136695976"),
        ("DE13669597", "must be a VAT number of DE, like DE136695976"),
        ("ATU1358562", "must be a VAT number of AT, like ATU13585627"),
        (
            "FR23334175222",
            "has a wrong check digit; it must be a VAT number of FR, like FR23334175221",
        ),
        (
            "SK2022749618",
            "has a wrong check digit; it must be a VAT number of SK, like SK2022749619",
        ),
        ("NO995525828", "must be a VAT number of NO, like NO995525828MVA"),
        ("CHE107787577", "must be a VAT number of CH, like CHE107787577MWST"),
        ("DEDE136695976", "must be a VAT number of DE, like DE136695976"),
        ("DE１３６６９５９７６", "must be a VAT number of DE, like DE136695976"),
        ("DE", "must be a VAT number of DE, like DE136695976"),
        ("US123456789", _NO_STATE),
        ("EU372022452", _NO_STATE),
        ("136695976", _NO_STATE),
        ("", _NO_STATE),
    ],
)
def test_an_invalid_number_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        vat_number(text)
    assert str(refused.value) == reason

"""Users, their addresses and API keys: invalid values are refused by name and reason."""

from typing import Any

import pytest

from app.schemas.identity.api_key_schema import ApiKeyCreate
from app.schemas.identity.user_schema import (
    AddressChange,
    AddressCreate,
    UserAccessChange,
    UserChange,
    UserCreate,
    UserQuery,
)
from app.schemas.orders.order_schema import OrderCreate
from tests.support.refusals import ADDRESS, USER
from tests.test_schemas.judging import ORDER, UNKNOWN, errors_in_body, errors_in_query, parsed

NO_EMAIL = "must be an e-mail address"
NO_USERNAME = "must be 3 to 32 of A-Z a-z 0-9 . _ - and begin with a letter or a digit"
NO_TEXT = "must be one line of text without control characters"
NO_LINE = f"{NO_TEXT}, with at least one visible character"
NO_ROLE = "must be 'customer', 'staff' or 'admin'"
NO_COUNTRY = "must be a country code of ISO 3166-1 alpha-2"
NO_MOMENT = "must be a moment like 2026-01-31T12:00:00Z"
LONGEST = "a" * 64 + "@" + ("b" * 61 + ".") * 3 + "com"
KEY = {"name": "warehouse", "scopes": ["products:write"]}


@pytest.mark.parametrize(
    "email",
    ["ada", "ada@", "@example.com", "ada@example", "ada@.com", "ada@example.", "a b@example.com"]
    + ["ada@exam ple.com", "ada@@example.com", "ada@example.com\n", " ada@example.com"]
    + ["ada@example.com,bob@example.com", "a" * 65 + "@example.com", "ada\u00a0@example.com"]
    + ["ada@example.c\u200bom", "ada\ufeff@example.com", "Ada <ada@example.com>"]
    + ["=?utf-8?q?victim?=@example.com", "\u0390" * 33 + "@example.com", "ada@1.2.3.4"],
)
def test_an_invalid_email_address_is_refused(email: str) -> None:
    assert errors_in_body(UserCreate, USER | {"email": email}) == {"#/email": NO_EMAIL}
    assert errors_in_body(UserChange, {"email": email}) == {"#/email": NO_EMAIL}


@pytest.mark.parametrize(
    "email", ["a" * 64 + "@" + "b" * 186 + ".com", "\ufb2c" * 60 + "@" + "\ufb2c" * 100 + ".com"]
)
def test_the_length_of_an_email_address_is_that_of_its_stored_form(email: str) -> None:
    too_long = {"#/email": "must have at most 254 characters"}
    assert errors_in_body(UserCreate, USER | {"email": email}) == too_long
    assert errors_in_body(UserChange, {"email": email}) == too_long


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("a@b.c", "a@b.c"),
        ("Ada+shop@Example.COM", "Ada+shop@Example.COM"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("жанна@почта.рф", "жанна@почта.рф"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("E\u0301milie@example.com", "\u00c9milie@example.com"),
        (LONGEST, LONGEST),
        ("\u0390" * 32 + "@\u0390.com", "\u0390" * 32 + "@\u0390.com"),
        ("ada@\uff22\u00fccher.example", "ada@b\u00fccher.example"),
    ],
)
def test_an_email_address_may_be_of_any_script(email: str, kept: str) -> None:
    assert parsed(UserCreate, USER | {"email": email}).email == kept
    assert parsed(UserChange, {"email": email}).email == kept


@pytest.mark.parametrize(
    "username", ["ab", "a" * 33, "ada lovelace", ".ada", "_ada", "adä", "ada\n"]
)
def test_an_invalid_username_is_refused(username: str) -> None:
    assert errors_in_body(UserCreate, USER | {"username": username}) == {"#/username": NO_USERNAME}
    assert errors_in_body(UserChange, {"username": username}) == {"#/username": NO_USERNAME}


@pytest.mark.parametrize("username", ["abc", "a" * 32])
def test_a_username_may_have_3_to_32_characters(username: str) -> None:
    assert parsed(UserCreate, USER | {"username": username}).username == username


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("seven 7", "must have at least 8 characters"),
        ("x" * 129, "must have at most 128 characters"),
        ("", "must have at least 8 characters"),
        (12345678, "must be a string"),
        (None, "must be a string"),
    ],
)
def test_an_invalid_password_is_refused(password: object, reason: str) -> None:
    assert errors_in_body(UserCreate, USER | {"password": password}) == {"#/password": reason}


@pytest.mark.parametrize("country", ["GB", "FR", "AX", "ZW"])
def test_an_assigned_country_code_is_accepted(country: str) -> None:
    assert parsed(AddressCreate, ADDRESS | {"country": country}).country == country
    assert parsed(AddressChange, {"country": country}).country == country


@pytest.mark.parametrize("country", ["gb", "UK", "XX", "GBR", "G", "", "826", " GB", "GB\n"])
def test_an_unknown_country_is_refused(country: str) -> None:
    place = ADDRESS | {"country": country}
    assert errors_in_body(AddressCreate, place) == {"#/country": NO_COUNTRY}
    assert errors_in_body(AddressChange, {"country": country}) == {"#/country": NO_COUNTRY}
    order = ORDER | {"delivery_address": place}
    assert errors_in_body(OrderCreate, order) == {"#/delivery_address/country": NO_COUNTRY}


@pytest.mark.parametrize("country", [826, None])
def test_a_country_code_is_a_string(country: object) -> None:
    reason = {"#/country": "must be a string"}
    assert errors_in_body(AddressCreate, ADDRESS | {"country": country}) == reason
    assert errors_in_body(AddressChange, {"country": country}) == reason


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"role": "king"}, {"#/role": NO_ROLE}),
        ({"role": None}, {"#/role": NO_ROLE}),
        ({"is_active": 1}, {"#/is_active": "must be true or false"}),
        ({"is_active": "false"}, {"#/is_active": "must be true or false"}),
        ({"email": "ada@example.com"}, {"#/email": UNKNOWN}),
    ],
)
def test_an_unknown_scope_is_refused(change: dict[str, Any], places: dict[str, str]) -> None:
    assert errors_in_body(UserAccessChange, change) == places


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        ("role", "king", NO_ROLE),
        ("email", "a\0b", NO_TEXT),
        ("email", "a\0@example.com", NO_TEXT),
        ("email", "a" * 255, "must have at most 254 characters"),
        ("password", "x", "is not a parameter"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(parameter: str, value: str, reason: str) -> None:
    assert errors_in_query(UserQuery, (parameter, value)) == {parameter: reason}


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"scopes": []}, {"#/scopes": "must have at least 1 item"}),
        ({"name": " "}, {"#/name": NO_LINE}),
        ({"expires_at": "2027-01-31T12:00:00"}, {"#/expires_at": NO_MOMENT}),
        ({"digest": "x"}, {"#/digest": UNKNOWN}),
    ],
)
def test_a_wrong_key_names_its_fields(change: dict[str, Any], places: dict[str, str]) -> None:
    assert errors_in_body(ApiKeyCreate, KEY | change) == places

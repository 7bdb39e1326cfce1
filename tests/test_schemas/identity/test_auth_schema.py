"""Log-ins: an invalid form is refused by its fields."""

from urllib.parse import parse_qsl

import pytest

from app.errors import InvalidInput
from app.schemas.identity.auth_schema import RefreshRequest, TokenRequest
from tests.test_schemas.judging import UNKNOWN, errors_in_body


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ("username=ada", {"#/password": "is required"}),
        ("password=x", {"#/username": "is required"}),
        ("", {"#/username": "is required", "#/password": "is required"}),
        ("username=a&password=x&username=b", {"#/username": "must be given once"}),
        ("username=a&password=x&password=x", {"#/password": "must be given once"}),
        ("username=a&password=x&otp=1", {"#/otp": "is not a field"}),
        ("username=a&password=x&grant_type=magic", {"#/grant_type": "must be 'password'"}),
        ("username=a&password=", {"#/password": "must have at least 1 character"}),
        (
            "username=a%0Ab&password=x",
            {"#/username": "must be one line of text without control characters"},
        ),
        (
            "username=a&password=" + "x" * 1_001,
            {"#/password": "must have at most 1000 characters"},
        ),
    ],
)
def test_a_wrong_form_names_its_fields(body: str, places: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as error:
        TokenRequest.parse_form(parse_qsl(body, keep_blank_values=True))
    assert error.value.detail == "the form is not valid"
    errors = error.value.context["errors"]
    assert {each["pointer"]: each["detail"] for each in errors} == places


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "must have at least 1 character"),
        ("x" * 2_001, "must have at most 2000 characters"),
        ("a b", "has characters that are not allowed"),
        ("a\0", "has characters that are not allowed"),
        (None, "must be a string"),
    ],
)
def test_an_invalid_token_is_refused(token: object, reason: str) -> None:
    body = {"refresh_token": token}
    assert errors_in_body(RefreshRequest, body) == {"#/refresh_token": reason}
    assert errors_in_body(RefreshRequest, {"refresh_token": "x", "a": 1}) == {"#/a": UNKNOWN}

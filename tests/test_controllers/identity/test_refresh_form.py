"""A renewal by the form of OAuth 2 clients (RFC 6749, section 6)."""

import logging
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.accounts import kind_of, pair_of, renew, someone, status_of
from tests.support.factories import create_user
from tests.support.tables import everything

REFRESH = "/auth/refresh"


def form(token: str, **more: str) -> dict[str, str]:
    """Return the form that renews a log-in."""
    return {"grant_type": "refresh_token", "refresh_token": token} | more


def error_of(answer: httpx.Response) -> str:
    """Check that a response is an error by RFC 6749, section 5.2, and return its code."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers.get_list("Cache-Control") == ["no-store"]
    told: dict[str, Any] = answer.json()
    assert told.keys() == {"error", "error_description"}
    described = told["error_description"]
    assert described.isascii() and described.isprintable() and not set('"\\') & set(described)
    error: str = told["error"]
    return error


@pytest.mark.any_database
async def test_an_oauth_2_client_renews_its_log_in_as_documented(
    machine: httpx.AsyncClient,
) -> None:
    document = (await machine.get("http://shop.test/docs/openapi.json")).json()
    flow = document["components"]["securitySchemes"]["password"]["flows"]["password"]
    user = await create_user(machine)
    first = await pair_of(machine, user["username"])
    url = f"http://shop.test{flow['refreshUrl']}"
    # Clients send their own credentials in the form or in a header.
    for more, auth in (
        ({"client_id": "app", "client_secret": "x", "scope": "", "audience": "shop"}, None),
        ({}, ("app", "x")),
    ):
        data = form(first["refresh_token"], **more)
        answer = await machine.post(url, data=data, auth=auth or httpx.USE_CLIENT_DEFAULT)
        assert answer.status_code == 200, answer.text
        assert answer.headers.get_list("Cache-Control") == ["no-store"]
        first = answer.json()
        assert first.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
        assert await status_of(machine, first["access_token"]) == 200
    # The same token as JSON, as before.
    assert (await renew(machine, first["refresh_token"])).status_code == 200


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("grant_type=refresh_token&refresh_token={access}", "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=no%20token%21%C3%A9", "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=", "invalid_request"),
        ("grant_type=refresh_token", "invalid_request"),
        ("refresh_token={refresh}", "invalid_request"),
        ("", "invalid_request"),
        ("grant_type=refresh_token&refresh_token={refresh}&refresh_token=x", "invalid_request"),
        ("grant_type=refresh_token&refresh_token=%FF", "invalid_request"),
        ("grant_type=password&username=ada&password=x", "unsupported_grant_type"),
        ("grant_type=%22%5C%0A&refresh_token={refresh}", "unsupported_grant_type"),
    ],
)
async def test_a_form_is_refused_with_the_errors_of_oauth_2(
    machine: httpx.AsyncClient, still: Shop, body: str, error: str
) -> None:
    person = await someone(machine)
    before = await everything(still)
    answer = await machine.post(
        REFRESH,
        content=body.format(access=person.access, refresh=person.refresh),
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
    )
    assert error_of(answer) == error
    assert await everything(still) == before
    assert (await renew(machine, person.refresh)).status_code == 200


async def test_a_token_that_is_used_twice_in_a_form_ends_its_log_in_and_leaves_a_trace(
    machine: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    person = await someone(machine)
    renewed = (await machine.post(REFRESH, data=form(person.refresh))).json()
    with caplog.at_level(logging.WARNING):
        assert error_of(await machine.post(REFRESH, data=form(person.refresh))) == "invalid_grant"
    assert "refused with invalid_grant: '/api/v1/auth/refresh' from" in caplog.text
    assert person.refresh not in caplog.text
    again = await machine.post(REFRESH, data=form(renewed["refresh_token"]))
    assert error_of(again) == "invalid_grant"
    assert await status_of(machine, renewed["access_token"]) == 401


@pytest.mark.any_database
async def test_a_body_that_is_neither_json_nor_a_form_is_refused(
    machine: httpx.AsyncClient,
) -> None:
    person = await someone(machine)
    wrong = await machine.post(
        REFRESH, content=person.refresh, headers={"Content-Type": "text/plain"}
    )
    assert kind_of(wrong) == (415, "unsupported-media-type")
    assert kind_of(await renew(machine, person.access)) == (401, "invalid-token")
    # No other route takes a form in place of JSON.
    other = await machine.post("/auth/password/forgot", data={"email": "ada@example.com"})
    assert kind_of(other) == (415, "unsupported-media-type")

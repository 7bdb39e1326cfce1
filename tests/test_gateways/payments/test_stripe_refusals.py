"""The stub of Stripe has the refusals of Stripe, by the table of docs/stripe.md."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.processes import ROOT
from tests.support.servers.stripe import SECRET_KEY, StripeServer

INTENT = {"amount": "1999", "currency": "eur"}
DOCUMENT = (ROOT / "docs" / "stripe.md").read_text("utf-8")
STATE = "payment_intent_unexpected_state"

# The number of the row: the request, the status, and the code, or the type if there is no code.
# {begun}, {held}, {paid}, {part}, {back} and {ended} are payments of 19.99 EUR at that point.
ROWS: dict[str, tuple[str, dict[str, str], int, str]] = {
    "1": ("/v1/payment_intents", {"amount": "1999"}, 400, "parameter_missing"),
    "2": ("/v1/payment_intents", INTENT | {"colour": "red"}, 400, "parameter_unknown"),
    "3": ("/v1/payment_intents", INTENT | {"amount": "19.99"}, 400, "parameter_invalid_integer"),
    "4": ("/v1/payment_intents", INTENT | {"amount": "0"}, 400, "parameter_invalid_integer"),
    "5": ("/v1/payment_intents", INTENT | {"currency": "xyz"}, 400, "invalid_request_error"),
    "6": ("/v1/payment_intents", INTENT | {"amount": "49"}, 400, "amount_too_small"),
    "7": ("/v1/payment_intents", INTENT | {"amount": "100000000"}, 400, "amount_too_large"),
    "8": (
        "/v1/payment_intents",
        {"amount": "12345", "currency": "isk"},
        400,
        "invalid_charge_amount",
    ),
    "9": (
        "/v1/payment_intents",
        {"amount": "5125", "currency": "kwd"},
        400,
        "invalid_charge_amount",
    ),
    "10": (
        "/v1/payment_intents",
        INTENT | {"metadata[a]": "x" * 501},
        400,
        "invalid_request_error",
    ),
    "11": (
        "/v1/payment_intents",
        INTENT | {"return_url": "https://shop.example"},
        400,
        "invalid_request_error",
    ),
    "12": ("/v1/payment_intents/pi_unknown/cancel", {}, 404, "resource_missing"),
    "13": ("/v1/payment_intents/{begun}/confirm", {}, 400, STATE),
    "14": (
        "/v1/payment_intents/{begun}/confirm",
        {"payment_method": "pm_card_visa_chargeDeclined"},
        402,
        "card_declined",
    ),
    "15": (
        "/v1/payment_intents/{paid}/confirm",
        {"payment_method": "pm_card_visa"},
        400,
        STATE,
    ),
    "16": ("/v1/payment_intents/{begun}/capture", {}, 400, STATE),
    "17": ("/v1/payment_intents/{paid}/capture", {}, 400, STATE),
    "18": (
        "/v1/payment_intents/{held}/capture",
        {"amount_to_capture": "2000"},
        400,
        "amount_too_large",
    ),
    "19": ("/v1/payment_intents/{paid}/cancel", {}, 400, STATE),
    "20": ("/v1/payment_intents/{ended}/cancel", {}, 400, STATE),
    "21": ("/v1/refunds", {"payment_intent": "{held}"}, 400, "invalid_request_error"),
    "22": (
        "/v1/refunds",
        {"payment_intent": "{paid}", "amount": "2000"},
        400,
        "invalid_request_error",
    ),
    "23": (
        "/v1/refunds",
        {"payment_intent": "{part}", "amount": "1501"},
        400,
        "invalid_request_error",
    ),
    "24": ("/v1/refunds", {"payment_intent": "{back}"}, 400, "charge_already_refunded"),
    "25": (
        "/v1/refunds",
        {"payment_intent": "{paid}", "amount": "0"},
        400,
        "parameter_invalid_integer",
    ),
    "26": (
        "/v1/refunds",
        {"payment_intent": "pi_unknown", "amount": "1"},
        404,
        "resource_missing",
    ),
}


@pytest.fixture(name="client")
def _client(stripe: StripeServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}
    with httpx.Client(base_url=stripe.url, headers=headers) as client:
        yield client


@pytest.fixture(name="payments")
def _payments(client: httpx.Client, stripe: StripeServer) -> dict[str, str]:
    def begin(method: str) -> str:
        answer = client.post("/v1/payment_intents", data=INTENT | {"capture_method": method})
        return str(answer.raise_for_status().json()["id"])

    def pay(method: str) -> str:
        identifier = begin(method)
        stripe.pay(identifier)
        return identifier

    found = {
        "begun": begin("automatic"),
        "held": pay("manual"),
        "paid": pay("automatic"),
        "part": pay("manual"),
        "back": pay("automatic"),
        "ended": begin("automatic"),
    }
    part = {"amount_to_capture": "1500"}
    client.post(f"/v1/payment_intents/{found['part']}/capture", data=part).raise_for_status()
    client.post("/v1/refunds", data={"payment_intent": found["back"]}).raise_for_status()
    client.post(f"/v1/payment_intents/{found['ended']}/cancel").raise_for_status()
    return found


def _code(answer: httpx.Response) -> Any:
    error = answer.json()["error"]
    return error.get("code", error["type"])


@pytest.mark.parametrize("number", ROWS)
def test_the_stub_has_the_refusals_of_stripe_and_moves_no_money(
    client: httpx.Client, stripe: StripeServer, payments: dict[str, str], number: str
) -> None:
    path, given, status, code = ROWS[number]
    before = stripe.ledger()
    data = {name: value.format(**payments) for name, value in given.items()}
    answer = client.post(path.format(**payments), data=data)
    assert (answer.status_code, _code(answer)) == (status, code)
    assert stripe.ledger() == before


def test_the_document_has_each_row_with_its_status_and_code() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\| (\d{3}) `(\w+)` \|$", DOCUMENT, re.MULTILINE)
    assert rows == [(number, str(row[2]), row[3]) for number, row in ROWS.items()]


def test_a_request_without_an_api_key_is_refused(stripe: StripeServer) -> None:
    for headers in ({}, {"Authorization": "Bearer pk_test_lavka"}):
        answer = httpx.get(f"{stripe.url}/v1/refunds", headers=headers)
        assert (answer.status_code, _code(answer)) == (401, "invalid_request_error")


def test_a_path_that_does_not_exist_is_refused(client: httpx.Client) -> None:
    answer = client.post("/v1/payment_intents/pi_1/pay")
    assert (answer.status_code, _code(answer)) == (404, "invalid_request_error")


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"limit": "101"}, 400, "parameter_invalid_integer"),
        ({"starting_after": "pi_unknown"}, 404, "resource_missing"),
        ({"page": "2"}, 400, "parameter_unknown"),
        ({"expand[0]": "data.customer"}, 400, "invalid_request_error"),
    ],
)
def test_a_list_refuses_invalid_parameters(
    client: httpx.Client, payments: dict[str, str], given: dict[str, str], status: int, code: str
) -> None:
    assert payments
    answer = client.get("/v1/payment_intents", params=given)
    assert (answer.status_code, _code(answer)) == (status, code)


def test_a_key_belongs_to_one_request_and_repeats_its_response_or_refusal(
    client: httpx.Client, payments: dict[str, str]
) -> None:
    path = f"/v1/payment_intents/{payments['begun']}/confirm"
    headers = {"Idempotency-Key": str(uuid4())}
    declined = {"payment_method": "pm_card_visa_chargeDeclined"}
    first = client.post(path, data=declined, headers=headers)
    again = client.post(path, data=declined, headers=headers)
    assert (again.status_code, again.json()) == (402, first.json())
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = client.post(path, data={"payment_method": "pm_card_visa"}, headers=headers)
    assert (other.status_code, _code(other)) == (400, "idempotency_error")
    elsewhere = client.post("/v1/payment_intents", data=INTENT, headers=headers)
    assert (elsewhere.status_code, _code(elsewhere)) == (400, "idempotency_error")


def test_an_invalid_request_stores_no_response_under_its_key(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    wrong = client.post("/v1/payment_intents", data={"amount": "1999"}, headers=headers)
    assert wrong.status_code == 400
    assert client.post("/v1/payment_intents", data=INTENT, headers=headers).status_code == 200


def test_a_key_has_255_characters_at_most(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "k" * 256}
    assert client.post("/v1/payment_intents", data=INTENT, headers=headers).status_code == 400


def test_a_key_expires_after_a_day(client: httpx.Client, stripe: StripeServer) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first = client.post("/v1/payment_intents", data=INTENT, headers=headers).json()
    stripe.control(advance_seconds=24 * 3_600 + 1)
    assert client.post("/v1/payment_intents", data=INTENT, headers=headers).json() != first


def test_a_rate_limit_allows_a_retry(client: httpx.Client, stripe: StripeServer) -> None:
    stripe.control(next=[{"fault": "rate_limited"}])
    answer = client.post("/v1/payment_intents", data=INTENT)
    assert (answer.status_code, _code(answer)) == (429, "rate_limit")
    assert answer.headers["stripe-should-retry"] == "true"

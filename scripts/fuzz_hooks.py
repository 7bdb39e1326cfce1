"""Hooks for schemathesis: rules of valid requests that an OpenAPI document cannot express."""

import os
import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import schemathesis
from schemathesis import Case, GenerationMode, HookContext

from app.core.email_addresses import normalise_address
from app.errors import InvalidInput
from app.schemas.page_schema import Cursor
from app.schemas.reports.report_schema import MAX_CHART_DAYS
from app.security.passwords import require_strong

_SORT_KINDS: dict[str, type[str] | type[int]] = {
    "name": str,
    "number": int,
    "price": int,
    "total": int,
}
_KEY = re.compile(r'"?[\x21\x23-\x7e]{1,255}"?')


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Correct a request that is meant to be valid; other requests stay unchanged."""
    _replace_idempotency_key(case)
    _protect_caller(case)
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if case.headers and "If-Match" in case.headers:
        # Only the shop knows the entity tag of the stored resource.
        case.headers["If-Match"] = "*"
    if case.query:
        _fix_cursor(case.query)
        _fix_period(case.query)
        _fix_days(case.query)
        _fix_options(case.query)
    if isinstance(case.body, dict):
        for name in ("delivery_address", "billing_address"):
            _complete_address(case.body.get(name))
        _complete_address(case.body)
        _choose_strong_passwords(case.body)
        _choose_valid_address(case.body)
        _fix_days(case.body)
        _fix_product(case.body)
        _fix_money(case.body)
        if case.path.startswith("/api/v1/order-drafts") and "items" in case.body:
            _fix_draft(case.body)
        if isinstance(case.body.get("vat_number"), str):
            case.body["vat_number"] = "ATU13585627"
        if case.path == "/api/v1/variants/{variant_id}":
            # Most products have no options.
            case.body.pop("option_values", None)
    if (case.method, case.path) == ("POST", "/api/v1/orders"):
        _order_existing_products(case.body)
    if (case.method, case.path) == ("POST", "/api/v1/carts/{cart_id}/lines"):
        _choose_existing_product(case.body)


def _replace_idempotency_key(case: Case[Any]) -> None:
    # With the example of the document, every request after the first would be a 422.
    if case.headers and _KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid4())


def _protect_caller(case: Case[Any]) -> None:
    # With another administrator, the caller could be demoted or deleted.
    own_id = os.environ["SHOP_CALLER_ID"]
    if case.method != "GET" and (case.path_parameters or {}).get("user_id") == own_id:
        # Use an existing user: schemathesis expects to find what it has just created.
        case.path_parameters["user_id"] = _existing("users", str(uuid4()), but=own_id)


def _fix_cursor(query: dict[str, Any]) -> None:
    # Only the shop can generate a cursor.
    sort = query.get("sort", "relevance" if "q" in query else "-created_at")
    if sort == "relevance":
        query.setdefault("q", "tea")
        query.pop("cursor", None)
    try:
        Cursor.decode(
            query.get("cursor", ""), sort, _SORT_KINDS.get(sort.removeprefix("-"), datetime)
        )
    except InvalidInput:
        query.pop("cursor", None)


def _fix_period(query: dict[str, Any]) -> None:
    # The period must not end before it begins.
    names = ("placed_from", "placed_before")
    if all(name in query for name in names):
        given = sorted((query[name] for name in names), key=_moment)
        query.update(zip(names, given))
        if _moment(given[0]) == _moment(given[1]):
            del query["placed_before"]


def _fix_days(fields: dict[str, Any]) -> None:
    # The `date` format has no limits, but the shop limits years and the days of a chart.
    for name in ("day", "from", "to", "valid_from", "received_on"):
        if name in fields and not "1970" <= fields[name][:4] <= "9998":
            fields[name] = "2017-06-01"
    if "from" in fields:
        # Without an end, the period would end today.
        fields.setdefault("to", fields["from"])
    if {"from", "to"} <= fields.keys():
        first, last = sorted(date.fromisoformat(fields[name]) for name in ("from", "to"))
        last = min(last, first + timedelta(days=MAX_CHART_DAYS - 1))
        fields.update({"from": first.isoformat(), "to": last.isoformat()})


def _fix_options(query: dict[str, Any]) -> None:
    # Names and values between commas must have one line, which no schema can express.
    if given := [name for name in query if name.partition(".")[0] == "option"]:
        for name in given:
            del query[name]
        query["option.size"] = "M,L"


def _fix_product(body: dict[str, Any]) -> None:
    # It must be higher than the price.
    body.pop("compare_at_price", None)
    # Variants have a value for each option of their product.
    for variant in body.get("variants", []):
        variant.pop("compare_at_price", None)
        variant["option_values"] = body.get("option_values", {})


def _fix_money(body: dict[str, Any]) -> None:
    # The currency of an order decides how many decimal places an amount has.
    if "amount" in body and not isinstance(body["amount"], dict):
        body["amount"] = "1.00"
    # The shop offers one provider in addition to manual payments.
    if "provider" in body:
        body["provider"] = "test"
    if body.get("tax_class") == "exempt" and "rate" in body:
        body["rate"] = "0"
    # It must be at most the quantity.
    for line in body.get("lines") or []:
        line.pop("restocked_quantity", None)


def _fix_draft(body: dict[str, Any]) -> None:
    # An item names a product or a variant of the shop, and the currency decides on amounts.
    for item in body["items"]:
        item["variant_id"] = _existing("variants", item.get("variant_id", str(uuid4())))
        for name in ("product_id", "unit_price"):
            item.pop(name, None)
    for name in ("discounts", "shipping_price"):
        body.pop(name, None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


def _choose_strong_passwords(body: dict[str, Any]) -> None:
    # No schema can list the common passwords.
    for field in ("password", "new_password"):
        try:
            require_strong(body.get(field, str(uuid4())), field, body.get("username", ""))
        except InvalidInput:
            body[field] = str(uuid4())


def _choose_valid_address(body: dict[str, Any]) -> None:
    # No pattern can say which domains are valid.
    try:
        normalise_address(body.get("email") or "ada@example.com")
    except ValueError:
        body["email"] = f"{uuid4().hex}@example.com"


def _complete_address(address: Any) -> None:
    # The required fields of an address depend on its country.
    # A rate of tax also has a country.
    if isinstance(address, dict) and "rate" not in address:
        for name in ("city", "postal_code"):
            if name in address or "country" in address:
                address[name] = address.get(name) or "1"


def _order_existing_products(order: Any) -> None:
    # No generator can guess the id of a user or a product.
    if order.get("user_id") is not None:
        is_customer = os.environ.get("CALLER") == "customer"
        own_id = os.environ["SHOP_CALLER_ID"]
        order["user_id"] = own_id if is_customer else _existing("users", order["user_id"])
    for item in order["items"]:
        _choose_existing_product(item)


def _choose_existing_product(line: Any) -> None:
    # A line names either a product or a variant.
    line["product_id"] = _existing("products", line.get("product_id", str(uuid4())))
    line.pop("variant_id", None)


def _existing(resource: str, wanted: str, but: str = "") -> str:
    page = httpx.get(
        f"{os.environ['SHOP_URL']}/api/v1/{resource}?limit=100",
        headers={"Authorization": f"Bearer {os.environ['SHOP_ADMIN_TOKEN']}"},
    ).json()
    ids: list[str] = [each["id"] for each in page["items"] if each["id"] != but]
    return ids[UUID(wanted).int % len(ids)] if ids else wanted

"""Tells schemathesis what an OpenAPI document cannot say of a valid request."""

import os
import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import schemathesis
from schemathesis import Case, GenerationMode, HookContext

from app.errors import InvalidInput
from app.schemas.page_schema import Cursor
from app.schemas.reports.report_schema import MAX_CHART_DAYS
from app.security.passwords import require_strong

_SORT_KINDS: dict[str, type[str] | type[int]] = {"name": str, "price": int}
_KEY = re.compile(r'"?[\x21\x23-\x7e]{1,255}"?')


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Mend a request that is meant to be valid; one that is meant to be refused stays as it is."""
    _renew_key(case)
    _spare_caller(case)
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if case.query:
        _mend_cursor(case.query)
        _mend_period(case.query)
        _mend_days(case.query)
    if isinstance(case.body, dict):
        _choose_good_passwords(case.body)
        _mend_days(case.body)
    if (case.method, case.path) == ("POST", "/api/v1/orders"):
        _order_what_exists(case.body)


def _renew_key(case: Case[Any]) -> None:
    # The document's one example would make every request after the first a 422.
    if case.headers and _KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid4())


def _spare_caller(case: Case[Any]) -> None:
    # Once there is another administrator, the one who calls could be demoted or deleted.
    own_id = os.environ["SHOP_ADMIN_ID"]
    if case.method != "GET" and (case.path_parameters or {}).get("user_id") == own_id:
        # Not one that does not exist: schemathesis would miss what it has just created.
        case.path_parameters["user_id"] = _existing("users", str(uuid4()), but=own_id)


def _mend_cursor(query: dict[str, Any]) -> None:
    # Only the shop can make one.
    sort = query.get("sort", "-created_at")
    try:
        Cursor.decode(
            query.get("cursor", ""), sort, _SORT_KINDS.get(sort.removeprefix("-"), datetime)
        )
    except InvalidInput:
        query.pop("cursor", None)


def _mend_period(query: dict[str, Any]) -> None:
    # It must not end before it begins.
    names = ("placed_from", "placed_before")
    if all(name in query for name in names):
        given = sorted((query[name] for name in names), key=_moment)
        query.update(zip(names, given))
        if _moment(given[0]) == _moment(given[1]):
            del query["placed_before"]


def _mend_days(fields: dict[str, Any]) -> None:
    # A format of dates has no first and no last one, and a chart no more days than can be read.
    for name in ("day", "from", "to"):
        if name in fields and not "1970" <= fields[name][:4] <= "9998":
            fields[name] = "2017-06-01"
    if "from" in fields:
        # Without an end it would be the present.
        fields.setdefault("to", fields["from"])
    if {"from", "to"} <= fields.keys():
        first, last = sorted(date.fromisoformat(fields[name]) for name in ("from", "to"))
        last = min(last, first + timedelta(days=MAX_CHART_DAYS - 1))
        fields.update({"from": first.isoformat(), "to": last.isoformat()})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


def _choose_good_passwords(body: dict[str, Any]) -> None:
    # No schema has a list of the passwords that are too common.
    for field in ("password", "new_password"):
        try:
            require_strong(body.get(field, str(uuid4())), field, body.get("username", ""))
        except InvalidInput:
            body[field] = str(uuid4())


def _order_what_exists(order: Any) -> None:
    # No generator guesses the id of a user or of a product.
    if order.get("user_id") is not None:
        order["user_id"] = _existing("users", order["user_id"])
    for item in order["items"]:
        item["product_id"] = _existing("products", item["product_id"])


def _existing(resource: str, wanted: str, but: str = "") -> str:
    page = httpx.get(
        f"{os.environ['SHOP_URL']}/api/v1/{resource}?limit=100",
        headers={"Authorization": f"Bearer {os.environ['SHOP_TOKEN']}"},
    ).json()
    ids: list[str] = [each["id"] for each in page["items"] if each["id"] != but]
    return ids[UUID(wanted).int % len(ids)] if ids else wanted

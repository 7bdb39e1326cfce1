"""Tells schemathesis what an OpenAPI document cannot say of a valid request."""

import os
import re
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import schemathesis
from schemathesis import Case, GenerationMode, HookContext

from app.errors import InvalidInput
from app.schemas.page_schema import Cursor

_SORT_KINDS: dict[str, type[str] | type[int]] = {"name": str, "price": int}
_KEY = re.compile(r'"?[\x21\x23-\x7e]{1,255}"?')


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Mend a request that is meant to be valid; one that is meant to be refused stays as it is."""
    _renew_key(case)
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if case.query:
        _mend_cursor(case.query)
        _mend_period(case.query)
    if (case.method, case.path) == ("POST", "/api/v1/orders"):
        _order_what_exists(case.body)


def _renew_key(case: Case[Any]) -> None:
    # The document's one example would make every request after the first a 422.
    if case.headers and _KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid4())


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


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


def _order_what_exists(order: Any) -> None:
    # No generator guesses the id of a user or of a product.
    order["user_id"] = _existing("users", order["user_id"])
    for item in order["items"]:
        item["product_id"] = _existing("products", item["product_id"])


def _existing(resource: str, wanted: str) -> str:
    page = httpx.get(f"{os.environ['SHOP_URL']}/api/v1/{resource}?limit=100").json()
    ids: list[str] = [each["id"] for each in page["items"]]
    return ids[UUID(wanted).int % len(ids)] if ids else wanted

"""Each route validates its requests by its schemas, and a refused request changes nothing.

The tests of the schemas cover the refused values; these tests cover each route of the table.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.schemas.carts.cart_schema import CodeQuery
from app.schemas.catalogue.category_schema import (
    CategoryDeletion,
    CategoryPath,
    CategoryQuery,
)
from app.schemas.catalogue.facet_schema import FacetQuery
from app.schemas.catalogue.image_schema import ImageQuery, ImageUpload
from app.schemas.catalogue.option_schema import OptionsQuery
from app.schemas.catalogue.product_query import CurrencyQuery
from app.schemas.orders.shipment_schema import PackingSlipQuery
from app.schemas.page_schema import PageQuery
from app.schemas.reports.report_schema import ChartQuery
from app.web.route_options import has_options, options_of
from app.wiring.resources import Shop
from tests.support.refusals import JSON, NOTHING, places_of, problem_of
from tests.support.tables import everything
from tests.test_schemas.judging import LISTS
from tests.test_security.rights.matrix import MATRIX
from tests.test_security.rights.paths import Row, routes_of
from tests.test_security.rights.world import World, world_of

READING = ("GET", "HEAD")
WRITES = [row for row in MATRIX if row.method not in READING]
# These requests have no input except for the token.
WITHOUT_INPUT = {
    "POST /api/v1/auth/logout",
    "DELETE /api/v1/auth/sessions",
    "POST /api/v1/auth/email/ask",
}
NO_LISTS = {
    CategoryDeletion,
    CategoryPath,
    CategoryQuery,
    ChartQuery,
    CodeQuery,
    CurrencyQuery,
    FacetQuery,
    ImageQuery,
    ImageUpload,
    OptionsQuery,
    PackingSlipQuery,
}
# `CurrencyQuery` ignores unknown parameters, as its routes did before they had a query.
UNDECLARED = {"colour=red": ("colour", "is not a parameter")}
OBJECTS = {"option_values"}
UNKNOWN = "is not a field of this document"
NO_JSON = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
FORM = ("application/x-www-form-urlencoded",)
MALFORMED = ["x", "1", NOTHING[:-1], NOTHING + "0", NOTHING.replace("-", "_"), "%00", "null", "-1"]
Request = dict[str, Any]


def parameters_of(row: Row) -> list[str]:
    """Return the names of the parameters in a path, in order."""
    return re.findall(r"\{\w+\}", row.template)


def wrong_fields(row: Row) -> tuple[dict[str, Any], set[str]]:
    """Return a body in which each field has an invalid value, and the pointers of the fields."""
    fields = row.request["json"]
    body: dict[str, Any] = {name: "x" if name in OBJECTS else {} for name in fields}
    body["colour"] = "red"
    return body, {f"#/{name}" for name in body}


def undecodable(row: Row) -> Iterator[tuple[Request, int, str]]:
    """Yield requests whose bodies are not JSON, with the status and the beginning of the reason."""
    no_json = "the body is not valid JSON: "
    yield {"content": b"{", "headers": JSON}, 400, no_json
    yield {"content": b'{"a": NaN}', "headers": JSON}, 400, no_json
    yield {"content": b'{"a": "\xff"}', "headers": JSON}, 400, "the body is not valid UTF-8"
    yield {"content": b"[" * 100_000, "headers": JSON}, 400, "the body is nested too deeply"
    # The renewal of a log-in also accepts a form, and has its own tests.
    is_form_taken = row.template.endswith("/auth/refresh")
    for name in NO_JSON:
        if is_form_taken and name in FORM:
            continue
        content, headers = json.dumps(row.request["json"]), {"Content-Type": name}
        yield {"content": content, "headers": headers}, 415, "Content-Type must be application/json"


async def assert_body_is_judged(client: httpx.AsyncClient, world: World, row: Row) -> None:
    """Assert that invalid bodies of a route are refused by name and reason."""

    async def send(**request: Any) -> dict[str, Any]:
        caller = "owner" if row.expected["owner"] < 400 else "admin"
        return problem_of(await world.send(client, caller, row.method, row.path, **request))

    body, places = wrong_fields(row)
    for headers in ({}, {"Idempotency-Key": "a-key"}):
        found = places_of(await send(json=body, headers=headers))
        assert (set(found), found["#/colour"]) == (places, UNKNOWN)
    for headers in (JSON, JSON | {"Idempotency-Key": "a-key"}):
        for content, reason in (("", "a JSON body is required"), ("[]", "must be an object")):
            assert places_of(await send(content=content, headers=headers)) == {"#": reason}
    assert places_of(await send()) == {"#": "a JSON body is required"}
    for request, status, reason in undecodable(row):
        problem = await send(**request)
        assert (problem["status"], problem["detail"][: len(reason)]) == (status, reason)


async def assert_form_is_judged(client: httpx.AsyncClient, world: World, row: Row) -> None:
    """Assert that an invalid form of a route is refused by name and reason."""
    form = dict.fromkeys(row.request["data"], "") | {"colour": "red"}
    found = await world.send(client, "admin", row.method, row.path, data=form)
    places = places_of(problem_of(found))
    assert (set(places), places["#/colour"]) == ({f"#/{name}" for name in form}, "is not a field")
    names = list(row.request["data"])
    twice = "&".join(f"{name}=x" for name in [*names, names[0]])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    found = await world.send(client, "admin", row.method, row.path, content=twice, headers=headers)
    assert places_of(problem_of(found)) == {f"#/{names[0]}": "must be given once"}
    found = await world.send(client, "admin", row.method, row.path, json=row.request["data"])
    assert problem_of(found)["status"] == 415


async def assert_path_is_judged(client: httpx.AsyncClient, world: World, row: Row) -> None:
    """Assert that a malformed id in a path is not found."""
    request = {name: row.request[name] for name in ("json", "data") if name in row.request}
    for parameter in parameters_of(row):
        for malformed in MALFORMED:
            path = row.template.replace(parameter, malformed)
            response = await world.send(client, "admin", row.method, path, **request)
            assert problem_of(response)["status"] == 404, path


@pytest.mark.any_database
def test_every_route_that_writes_is_tested(app: Litestar) -> None:
    written = [place for place in routes_of(app) if place[0] not in READING]
    assert sorted((row.method, row.template) for row in WRITES) == sorted(written)
    silent = {str(row) for row in WRITES if not row.request and not parameters_of(row)}
    assert silent == WITHOUT_INPUT


@pytest.mark.any_database
@pytest.mark.parametrize("row", WRITES, ids=str)
async def test_a_request_that_a_route_refuses_changes_nothing(
    client: httpx.AsyncClient, shop: Shop, row: Row
) -> None:
    world = await world_of(shop)
    before = await everything(shop)
    if "json" in row.request:
        await assert_body_is_judged(client, world, row)
    if "data" in row.request:
        await assert_form_is_judged(client, world, row)
    assert await everything(shop) == before


async def test_a_malformed_id_in_a_path_is_not_found(client: httpx.AsyncClient, shop: Shop) -> None:
    world = await world_of(shop)
    rows = [row for row in MATRIX if row.method != "HEAD" and parameters_of(row)]
    assert len([row for row in rows if row.method == "GET"]) == 47
    before = await everything(shop)
    for row in rows:
        await assert_path_is_judged(client, world, row)
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_every_list_validates_its_query(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    world, asked = await world_of(shop), set()
    before = await everything(shop)
    for row in MATRIX:
        handler = routes_of(app)[row.method, row.template]
        kind = options_of(handler).query if has_options(handler) else None
        if kind is None:
            continue
        asked.add(kind)
        reasons = {} if kind is CurrencyQuery else dict(UNDECLARED)
        if issubclass(kind, PageQuery):
            reasons |= {
                "limit=0": ("limit", "must be greater than or equal to 1"),
                "limit=" + "9" * 30: ("limit", "must be less than or equal to 100"),
                "limit=%00": ("limit", "must be an integer"),
                "limit=1&limit=1": ("limit", "must be given once"),
                "cursor=": ("cursor", "is not a cursor of this list"),
                "cursor=" + "A" * 1_500: ("cursor", "is not a cursor of this list"),
                "cursor=%00": ("cursor", "is not a cursor of this list"),
            }
        for query, (name, reason) in reasons.items():
            response = await world.send(
                client, "admin", row.method, _with(row, query), **row.request
            )
            assert places_of(problem_of(response)) == {name: reason}, (row, query)
    assert asked == {*LISTS, *NO_LISTS}
    assert await everything(shop) == before


def _with(row: Row, query: str) -> str:
    """Return the path of a row with its required parameters, and a query."""
    path, _, own = row.path.partition("?")
    is_required = own.startswith(("path=", "code=", "id="))
    return f"{path}?{own}&{query}" if is_required else f"{path}?{query}"

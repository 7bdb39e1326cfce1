"""Every route is open to its declared callers only."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from app.security.principal import Access, Scope
from app.web.route_options import guarded_of, has_options, options_of
from app.wiring.resources import Shop
from tests.support.refusals import NOTHING, problem_of
from tests.support.tables import everything
from tests.test_security.rights.matrix import GUARDED, MATRIX
from tests.test_security.rights.paths import COLUMNS, Row, routes_of
from tests.test_security.rights.world import world_of

pytestmark = pytest.mark.any_database

# The shop did not issue their tokens.
STRANGERS = COLUMNS[:6]
TYPES = {400: "urn:problem:invalid-input", 403: "urn:problem:forbidden"}


def test_every_route_has_a_row_and_every_row_a_route(app: Litestar) -> None:
    rows = [(row.method, row.template) for row in MATRIX]
    assert sorted(rows) == sorted(routes_of(app))


def test_every_route_of_the_api_declares_its_access(app: Litestar) -> None:
    routes = {place: route for place, route in routes_of(app).items() if "/docs" not in place[1]}
    assert len(routes) == 172
    for place, handler in routes.items():
        assert isinstance(options_of(handler).access, Access), place


def declared_by(handler: HTTPRouteHandler) -> tuple[Access, Scope | None]:
    """Return the declared access of a route; the framework's own routes are public."""
    if not has_options(handler):
        return Access.PUBLIC, None
    options = options_of(handler)
    return options.access, options.scope


def test_the_rows_agree_with_the_declared_access_of_the_routes(app: Litestar) -> None:
    routes = routes_of(app)
    for row in MATRIX:
        access, scope = declared_by(routes[row.method, row.template])
        is_public, expected = access is Access.PUBLIC, row.expected
        assert (expected["nobody"] < 400) == is_public, row
        assert (expected["scoped"] < 400) == (is_public or scope is not None), row


def test_every_guarded_parameter_has_a_row(app: Litestar) -> None:
    found = {
        (*place, guarded.name)
        for place, handler in routes_of(app).items()
        if (guarded := guarded_of(handler)) is not None
    }
    rows = [(row.method, *row.path.partition("=")[0].split("?")) for row in GUARDED]
    assert sorted(rows) == sorted(found)


@pytest.mark.parametrize("row", (*MATRIX, *GUARDED), ids=str)
async def test_each_caller_gets_the_status_of_the_table(
    app: Litestar, nobody: httpx.AsyncClient, shop: Shop, row: Row
) -> None:
    handler = routes_of(app)[row.method, row.template]
    guarded = guarded_of(handler) if row in GUARDED else None
    world = await world_of(shop, guarded.scope if guarded else declared_by(handler)[1])
    # A read changes nothing, except for an audit event about the read.
    is_reading = row.method in ("GET", "HEAD") and not (
        has_options(handler) and options_of(handler).is_audited
    )
    before, found = await everything(shop), {}
    for column in COLUMNS:
        response = await world.send(nobody, column, row.method, row.path, **row.request)
        found[column] = response.status_code
        after = await everything(shop)
        if response.status_code >= 400:
            assert after == before, column
            assert_refused(response, column)
        else:
            assert (after == before) == is_reading, column
        if after != before:
            await world.restore()
    assert found == row.expected


def assert_refused(response: httpx.Response, column: str) -> None:
    """Assert that a refusal is a problem that contains only its reason."""
    problem = problem_of(response)
    challenge = response.headers.get("WWW-Authenticate")
    if response.status_code == 401:
        code = "unauthenticated" if column == "nobody" else "invalid-token"
        assert problem["type"] == f"urn:problem:{code}"
        reason = "" if column == "nobody" else ', error="invalid_token"'
        assert challenge == f'Bearer realm="lavka"{reason}'
        assert column in STRANGERS
    else:
        assert challenge is None
        assert problem["type"] == TYPES.get(response.status_code, problem["type"])


async def test_a_hidden_resource_gets_the_response_of_a_missing_one(
    nobody: httpx.AsyncClient, shop: Shop
) -> None:
    world = await world_of(shop)
    absent = {
        f"{name}_id": NOTHING
        for name in ("user", "order", "shipment", "return", "session", "address", "operation")
    }
    without = replace(world, values=world.values | absent)
    rows = [row for row in MATRIX if row.expected["other"] == 404]
    assert len(rows) == 24
    for row in rows:
        foreign = await world.send(nobody, "other", row.method, row.path, **row.request)
        missing = await without.send(nobody, "other", row.method, row.path, **row.request)
        assert shape_of(foreign) == shape_of(missing), row


def shape_of(response: httpx.Response) -> tuple[Any, ...]:
    """Return the content of a response without the requested id."""
    problem = problem_of(response)
    headers = sorted(set(response.headers) - {"content-length"})
    detail = problem["detail"].replace(problem["id"], "")
    return response.status_code, headers, sorted(problem), problem["type"], detail

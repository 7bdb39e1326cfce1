"""Every response to every route has the headers that docs/security.md promises."""

import re
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from app.tables.identity import ApiKey, LoginSession
from tests.conftest import empty
from tests.test_security.people import client_with
from tests.test_security.rights.matrix import MATRIX
from tests.test_security.rights.world import World, world_of

pytestmark = pytest.mark.any_database


@dataclass(frozen=True)
class Answered:
    """Responses by the request and the caller, and the world that they are about."""

    world: World
    responses: dict[str, httpx.Response]


@pytest_asyncio.fixture(name="answered", scope="module", loop_scope="session")
async def every_response(app: Litestar) -> Answered:
    """The responses to every request of the table as three callers."""
    shop, found = app.state.shop, {}
    world = await world_of(shop)
    async with client_with(app, None) as client:
        for row in MATRIX:
            for column in ("nobody", "owner", "admin"):
                response = await world.send(client, column, row.method, row.path, **row.request)
                found[f"{row} {column}"] = response
            if row.method not in ("GET", "HEAD"):
                await world.restore()
    await empty(shop)
    return Answered(world, found)


def directives_of(response: httpx.Response) -> dict[str, str]:
    """Return the directives of the one Content-Security-Policy of a response."""
    (policy,) = response.headers.get_list("Content-Security-Policy")
    parts = (each.strip().partition(" ") for each in policy.split(";"))
    return {name: value for name, _, value in parts}


async def test_every_response_of_every_route_has_the_security_headers(
    answered: Answered,
) -> None:
    found = answered.responses
    assert len(found) > 150
    for name, response in found.items():
        directives = directives_of(response)
        assert directives["default-src"] == directives["base-uri"] == "'none'", name
        assert directives["frame-ancestors"] == "'none'", name
        # The default applies to plug-ins, and it is `none`.
        assert "object-src" not in directives, name
        assert response.headers.get_list("X-Content-Type-Options") == ["nosniff"], name
        assert response.headers.get_list("X-Frame-Options") == ["DENY"], name
        assert response.headers.get_list("Referrer-Policy") == ["no-referrer"], name
        assert len(response.headers.get_list("Cache-Control")) == 1, name
        if response.status_code >= 400:
            assert response.headers["Cache-Control"] == "no-store", name


async def test_every_media_type_of_a_response_defines_its_character_set(
    answered: Answered,
) -> None:
    found = answered.responses
    # JSON is UTF-8 by definition (RFC 8259), and SVG declares its encoding in its first line.
    known = re.compile(
        r"(application/(problem\+|vnd\.oai\.openapi\+)?json|image/(svg\+xml|png|webp)"
        r"|application/pdf"
        r"|application/openmetrics-text; version=1\.0\.0; charset=utf-8"
        r"|text/[a-z-]+; .*charset=utf-8)"
    )
    types = {response.headers.get("Content-Type") for response in found.values()} - {None}
    assert {each for each in types if not known.fullmatch(each)} == set()
    assert {"application/json", "application/problem+json"} <= types


async def test_no_response_contains_a_hash(
    answered: Answered,
) -> None:
    world = answered.world
    secrets = [each.user["password_hash"] for each in world.people.values()]
    secrets += [row["digest"].hex() for model, row in world.rows if model is ApiKey]
    secrets += [row["refresh_digest"].hex() for model, row in world.rows if model is LoginSession]
    assert len(secrets) >= 10
    for name, response in answered.responses.items():
        assert not any(each in response.text for each in secrets), name
        assert "$argon2id$" not in response.text, name

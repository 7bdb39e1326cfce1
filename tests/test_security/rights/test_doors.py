"""No spelling of a path, a method or a token circumvents the access rules."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import jwt
import pytest
from litestar import Litestar

from app.models import UserRole
from app.security.areas import SCOPES
from app.wiring.resources import Shop
from tests.support.refusals import problem_of
from tests.support.tables import everything, stored_values
from tests.test_security.people import (
    Person,
    client_with,
    let_in,
    log_in,
    reset_token,
    verify_token,
)
from tests.test_security.rights.matrix import MATRIX
from tests.test_security.rights.world import World, world_of

pytestmark = pytest.mark.any_database

METHODS = ("GET", "HEAD", "TRACE", "OPTIONS", "POST", "PATCH", "DELETE", "PUT", "get", "CONNECT")
TRICKS: dict[str, Callable[[str], str]] = {
    "as it is": lambda path: path,
    "docs behind it": lambda path: f"{path}/docs",
    "docs behind it, encoded": lambda path: f"{path}%2fdocs",
    "docs before it": lambda path: f"/docs{path}",
    "docs and back": lambda path: f"/docs/..{path}",
    "assets and back": lambda path: f"/docs/assets/../..{path}",
    "assets and back, encoded": lambda path: f"/docs/assets/%2e%2e/%2e%2e{path}",
    "health before it": lambda path: f"/health/live/..{path}",
    "health behind it": lambda path: f"{path}/../health/live",
    "a slash at the end": lambda path: f"{path}/",
    "two slashes at the end": lambda path: f"{path}//",
    "two slashes everywhere": lambda path: path.replace("/", "//"),
    "two slashes in front": lambda path: f"/{path}",
    "a backslash": lambda path: path.replace("/v1/", "/v1\\"),
    "encoded slashes": lambda path: "/" + path[1:].replace("/", "%2f"),
    "encoded twice": lambda path: "/" + path[1:].replace("/", "%252f"),
    "upper case": str.upper,
    "another case": lambda path: path.replace("/api/", "/Api/"),
    "a parameter of a segment": lambda path: f"{path};a=b",
    "a parameter of the first segment": lambda path: path.replace("/api/", "/api;/"),
    "an empty parameter": lambda path: f"{path};",
    "a dot": lambda path: f"{path}/.",
    "a dot in the middle": lambda path: path.replace("/v1/", "/v1/./"),
    "a suffix": lambda path: f"{path}.json",
    "a NUL": lambda path: f"{path}%00",
    "a NUL and docs": lambda path: f"{path}%00/docs",
    "a space": lambda path: f"{path}%20",
    "a line end": lambda path: f"{path}%0a",
    "a full-width solidus": lambda path: path.replace("/v1/", "/v1%ef%bc%8f"),
    "docs as a query": lambda path: f"{path}?/docs",
    "docs as a fragment": lambda path: f"{path}%23/docs",
}
HEADERS = {
    "another method": {"X-HTTP-Method-Override": "OPTIONS", "X-Method-Override": "OPTIONS"},
    "another address": {"X-Original-URL": "/docs", "X-Rewrite-URL": "/docs"},
    "a proxy's word": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
    "a proxy's user": {"X-Forwarded-User": "admin", "X-Remote-User": "admin", "X-User-Id": "1"},
    "a proxy's prefix": {"X-Forwarded-Prefix": "/docs", "X-Script-Name": "/docs"},
}


async def call(app: Litestar, method: str, target: str, **headers: str) -> httpx.Response:
    """Send a request with an exact path, which an HTTP client would normalize."""
    path, _, query = target.partition("?")
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"shop.test"), *httpx.Headers(headers).raw],
        "client": ("192.0.2.7", 4242),
        "server": ("shop.test", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]  # two spellings of ASGI
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=body)


def shut(world: World, method: str) -> list[str]:
    """Return the paths that need a token for this method."""
    paths = {world.filled(row.template) for row in MATRIX if row.template.startswith("/api/")}
    known = "GET" if method == "HEAD" else method.upper()
    opened = {
        world.filled(row.template)
        for row in MATRIX
        if (row.method, row.expected["nobody"] < 400) == (known, True)
    }
    return sorted(paths - opened)


def assert_nothing_told(response: httpx.Response, what: tuple[str, ...]) -> None:
    """Assert that a response is a refusal, or contains only the methods of a path."""
    if response.status_code == 204:
        assert (response.content, "GET" in what or "POST" in what) == (b"", False), what
        assert response.headers["Allow"], what
    elif what[0] == "HEAD":
        assert (400 <= response.status_code < 500, response.content) == (True, b""), what
    else:
        assert 400 <= response.status_code < 500, (what, response.text)
        problem_of(response)


@pytest.mark.any_database
@pytest.mark.parametrize("method", METHODS)
async def test_no_spelling_of_a_path_circumvents_its_access(
    app: Litestar, shop: Shop, method: str
) -> None:
    world = await world_of(shop)
    before, paths = await everything(shop), shut(world, method)
    assert len(paths) >= 20
    for path in paths:
        for name, trick in TRICKS.items():
            response = await call(app, method, trick(path))
            assert_nothing_told(response, (method, path, name))
    assert await everything(shop) == before


@pytest.mark.any_database
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
async def test_no_header_of_a_proxy_gives_access_to_a_path(
    app: Litestar, shop: Shop, headers: dict[str, str]
) -> None:
    world = await world_of(shop)
    for method in ("GET", "POST", "PATCH", "DELETE"):
        for path in shut(world, method):
            response = await call(app, method, path, **headers)
            assert response.status_code in (401, 404, 405), (method, path)


@pytest.mark.any_database
async def test_an_encoded_path_has_the_same_access_as_the_plain_one(
    app: Litestar, shop: Shop
) -> None:
    admin = await log_in(shop, UserRole.ADMIN)
    bearer = {"Authorization": f"Bearer {admin.access_token}"}
    for target in ("/api/v1/audit", "/api/v1/audit/", "/api/v1/%61udit"):
        allowed, refused = [await call(app, "GET", target, **each) for each in (bearer, {})]
        assert (allowed.status_code, refused.status_code) == (200, 401), target


def claims_of(person: Person) -> dict[str, Any]:
    """Return the claims of an access token of a person."""
    claims: dict[str, Any] = jwt.decode(person.access_token, options={"verify_signature": False})
    return claims


def forged(shop: Shop, admin: Person, other: Person) -> dict[str, str]:
    """Return headers with forged tokens of an administrator, which must be refused."""
    key, good = shop.tokens.keys[0], claims_of(admin)
    past = shop.clock.now() - timedelta(seconds=1)

    def signed(**changes: Any) -> str:
        kept = {name: value for name, value in (good | changes).items() if value is not None}
        return f"Bearer {jwt.encode(kept, key)}"

    def pointing(**headers: Any) -> str:
        return f"Bearer {jwt.encode(good, b'a key of their own, 32 bytes long', headers=headers)}"

    return {
        "a key of its own in its head": pointing(jwk={"kty": "oct", "k": "YSBrZXk"}),
        "a key elsewhere": pointing(jku="https://keys.example/", x5u="https://keys.example/"),
        "another issuer": signed(iss="lavka-too"),
        "no issuer": signed(iss=None),
        "no audience": signed(aud=None),
        "an audience among others": signed(aud=["another-api"]),
        "no subject": signed(sub=None),
        "no such subject": signed(sub="0199a1b2-7c00-7d00-8e00-0123456789ab"),
        "a subject that is no id": signed(sub="admin"),
        "another user's session": signed(sid=claims_of(other)["sid"]),
        "no expiry": signed(exp=None),
        "an expiry in the past": signed(exp=int(past.timestamp())),
        "an expiry that is text": signed(exp="never"),
        "an expiry beyond all time": signed(exp=10**30),
        "no kind": signed(typ=None),
        "no id": signed(jti=None),
        "of kind refresh": signed(typ="refresh"),
        "of kind ACCESS": signed(typ="ACCESS"),
    }


def broken(shop: Shop, admin: Person) -> dict[str, str]:
    """Return headers with damaged access tokens of an administrator."""
    key, good, token = shop.tokens.keys[0], claims_of(admin), admin.access_token
    head, body, signature = token.split(".")
    unsigned = jwt.encode(good, None, algorithm="none").split(".")
    return {
        "HS512": f"Bearer {jwt.encode(good, key * 2, algorithm='HS512')}",
        "the key's own HS512": f"Bearer {jwt.encode(good, key.ljust(64, b'k'), algorithm='HS512')}",
        "a signature of nothing": f"Bearer {head}.{body}.",
        "no signature": f"Bearer {head}.{body}",
        "half a signature": f"Bearer {head}.{body}.{signature[:20]}",
        "the head of an unsigned one": f"Bearer {unsigned[0]}.{body}.{signature}",
        "another body": f"Bearer {head}.{jwt.encode(good | {'a': 1}, key).split('.')[1]}"
        f".{signature}",
        "a reset token": f"Bearer {reset_token(shop, admin.user)}",
        "a verify token": f"Bearer {verify_token(shop, admin.user)}",
        "a refresh token": f"Bearer {admin.refresh_token}",
        "nothing": "Bearer ",
        "a word": "Bearer admin",
        "no scheme": token,
        "another scheme": f"Basic {token}",
        "two tokens": f"Bearer {token}, Bearer {token}",
        "the session's id": f"Bearer {claims_of(admin)['sid']}",
    }


@pytest.mark.any_database
async def test_an_invalid_access_token_is_refused(app: Litestar, shop: Shop) -> None:
    admin, other = await log_in(shop, UserRole.ADMIN), await log_in(shop)
    before = await everything(shop)
    for name, header in (forged(shop, admin, other) | broken(shop, admin)).items():
        for method, path in (("GET", "/api/v1/audit"), ("DELETE", "/api/v1/auth/sessions")):
            response = await call(app, method, path, Authorization=header)
            assert response.status_code == 401, (name, response.text)
            assert problem_of(response)["type"] == "urn:problem:invalid-token", name
            assert response.headers["WWW-Authenticate"].startswith("Bearer "), name
    assert await everything(shop) == before


@pytest.mark.any_database
async def test_a_token_is_accepted_only_in_its_header(app: Litestar, shop: Shop) -> None:
    admin = await log_in(shop, UserRole.ADMIN)
    token = admin.access_token
    for path in (f"/api/v1/audit?access_token={token}", f"/api/v1/audit?token={token}"):
        assert (await call(app, "GET", path)).status_code == 401
    for headers in ({"Cookie": f"access_token={token}"}, {"X-Api-Key": token}):
        assert (await call(app, "GET", "/api/v1/audit", **headers)).status_code == 401
    assert (await call(app, "GET", "/api/v1/audit", Authorization=f"bEARER {token}")).is_success


@pytest.mark.any_database
async def test_a_malformed_api_key_is_refused(app: Litestar, shop: Shop) -> None:
    now = shop.clock.now()
    good, other = await let_in(shop, *SCOPES), await let_in(shop, *SCOPES)
    revoked = await let_in(shop, *SCOPES, revoked_at=now)
    over = await let_in(shop, *SCOPES, expires_at=now - timedelta(seconds=1))
    its_id = good.row["id"].hex
    keys = {
        "another secret": f"lavka_{its_id}_another",
        "another key's secret": f"lavka_{its_id}_{other.key.split('_', 2)[2]}x",
        "no secret": f"lavka_{its_id}_",
        "no id": f"lavka__{good.key.split('_', 2)[2]}",
        "an id that is none": f"lavka_{'z' * 32}_{good.key.split('_', 2)[2]}",
        "an id with hyphens": f"lavka_{good.row['id']}_{good.key.split('_', 2)[2]}",
        "the prefix": "lavka_",
        "upper case": good.key.upper(),
        "a space in it": good.key.replace("_", "_ ", 1),
        "revoked": revoked.key,
        "over": over.key,
    }
    before = await everything(shop)
    for name, key in keys.items():
        response = await call(app, "GET", "/api/v1/orders", Authorization=f"Bearer {key}")
        assert response.status_code == 401, name
        assert problem_of(response)["type"] == "urn:problem:invalid-token", name
    assert await everything(shop) == before
    answer = await call(app, "GET", "/api/v1/orders", Authorization=f"Bearer {good.key}")
    assert answer.status_code == 200


@pytest.mark.parametrize("role", [UserRole.STAFF, UserRole.ADMIN])
async def test_a_removed_role_ends_before_the_response(
    app: Litestar, shop: Shop, role: UserRole
) -> None:
    admin, fallen = await log_in(shop, UserRole.ADMIN), await log_in(shop, role)
    async with client_with(app, admin.access_token) as ruler:
        async with client_with(app, fallen.access_token) as client:
            assert (await client.get("/users")).status_code == 200
            change = await ruler.patch(f"/users/{fallen.id}/access", json={"role": "customer"})
            assert change.status_code == 200
            assert (await client.get("/users")).status_code == 403
            change = await ruler.patch(f"/users/{fallen.id}/access", json={"is_active": False})
            assert change.status_code == 200
            assert (await client.get("/users/me")).status_code == 401


async def test_a_failed_log_in_adds_an_audit_event_and_nothing_else(
    app: Litestar, shop: Shop
) -> None:
    user = await log_in(shop)
    before = await everything(shop)
    async with client_with(app, None) as client:
        form = {"username": user.email, "password": "not the password"}
        response = await client.post("/auth/token", data=form)
    assert problem_of(response)["type"] == "urn:problem:invalid-credentials"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="lavka"'
    after = await everything(shop)
    assert before | {"audit_events": []} == after | {"audit_events": []}
    (line,) = (await stored_values(shop))["audit_events"]
    assert (line[1], line[3]) == ("login.failed", user.user["id"])

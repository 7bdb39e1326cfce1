"""Users of a shop: log-ins, tokens, mails, audit events and the clock."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from litestar import Controller, Litestar
from sqlalchemy import select, update

from app.models import AuditEvent, OutgoingMail, User, UserRole
from app.settings import Settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.support.applications import transport_to, with_routes_of
from tests.support.factories import PASSWORD, create_user
from tests.support.machines import let_machine_in
from tests.support.servers.sqlite import give_schema

_TOKEN = re.compile(r"eyJ[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Person:
    """A user who has logged in."""

    user: dict[str, Any]
    access: str
    refresh: str

    @property
    def id(self) -> str:
        """The user's id."""
        own: str = self.user["id"]
        return own

    @property
    def headers(self) -> dict[str, str]:
        """The header that authenticates a request as this user's."""
        return bearer(self.access)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def at(app: Litestar, address: str, **headers: str) -> httpx.AsyncClient:
    """Return a client whose requests come from a network address."""
    transport = transport_to(app, client=(address, 1))
    base = "http://shop.test/api/v1"
    return httpx.AsyncClient(transport=transport, base_url=base, headers=headers)


async def log_in(
    client: httpx.AsyncClient, name: str, password: str = PASSWORD, **headers: str
) -> httpx.Response:
    """Send a log-in request."""
    form = {"username": name, "password": password}
    return await client.post("/auth/token", data=form, headers=headers)


async def pair_of(
    client: httpx.AsyncClient, name: str, password: str = PASSWORD, **headers: str
) -> dict[str, Any]:
    """Log in and return the tokens."""
    response = await log_in(client, name, password, **headers)
    assert response.status_code == 200, response.text
    pair: dict[str, Any] = response.json()
    return pair


async def someone(client: httpx.AsyncClient, **changes: Any) -> Person:
    """Register a user, who then logs in."""
    user = await create_user(client, **changes)
    pair = await pair_of(client, user["email"], changes.get("password", PASSWORD))
    return Person(user, pair["access_token"], pair["refresh_token"])


async def someone_of(client: httpx.AsyncClient, shop: Shop, role: UserRole) -> Person:
    """Register a user, who then logs in and gets a role."""
    person = await someone(client)
    await set_user(shop, person.id, role=role)
    return person


async def set_user(shop: Shop, user_id: str, **columns: Any) -> None:
    """Change columns of a user directly in the database."""
    async with shop.database.write() as session:
        await session.execute(update(User).where(User.id == UUID(user_id)).values(**columns))
    shop.identities.clear()


async def status_of(client: httpx.AsyncClient, access_token: str) -> int:
    """Return the status of the response to a request with an access token."""
    return (await client.get("/users/me", headers=bearer(access_token))).status_code


async def renew(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    """Send a refresh token, to renew the access."""
    return await client.post("/auth/refresh", json={"refresh_token": refresh_token})


async def mails_of(shop: Shop) -> list[OutgoingMail]:
    """Return the stored mails, the oldest first."""
    query = select(OutgoingMail).order_by(OutgoingMail.created_at, OutgoingMail.id)
    async with shop.database.read() as session:
        return list(await session.scalars(query))


async def told(shop: Shop, after: int = 0) -> list[tuple[str, str]]:
    """Return recipient and subject of each stored mail, without the first `after` mails."""
    return [(mail.recipient, mail.subject) for mail in (await mails_of(shop))[after:]]


async def events_of(shop: Shop, subject_id: str | None = None) -> list[AuditEvent]:
    """Return the audit events of one subject or of all, the oldest first."""
    query = select(AuditEvent).order_by(AuditEvent.created_at, AuditEvent.id)
    if subject_id is not None:
        query = query.where(AuditEvent.subject_id == UUID(subject_id))
    async with shop.database.read() as session:
        return list(await session.scalars(query))


def token_in(mail: OutgoingMail) -> str:
    """Return the token in the body of a mail."""
    (token,) = _TOKEN.findall(mail.body)
    found: str = token
    return found


@contextmanager
def later(shop: Shop, by: timedelta) -> Iterator[None]:
    """Advance the clock of a shop temporarily."""
    shop.clock.move(by)
    try:
        yield
    finally:
        shop.clock.move(-by)


@asynccontextmanager
async def standing(
    settings: Settings, *areas: Iterable[type[Controller]]
) -> AsyncIterator[Litestar]:
    """Yield an application whose shop is prepared, and which sends no mails.

    Its API has only the controllers of the given areas, or all if none are given.
    """
    give_schema(settings)
    app = with_routes_of(Shop(settings), *areas)
    shop: Shop = app.state.shop
    try:
        await prepare(shop)
        await let_machine_in(shop)
        yield app
    finally:
        await shop.close()


def kind_of(response: httpx.Response) -> tuple[int, str]:
    """Return the status of a refusal, and its type without the prefix."""
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    return response.status_code, response.json()["type"].removeprefix("urn:problem:")

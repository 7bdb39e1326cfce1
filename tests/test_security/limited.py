"""Shops with the default rate limits, and their refusals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from app.controllers.carts import CONTROLLERS as CARTS
from app.controllers.catalogue import CONTROLLERS as CATALOGUE
from app.controllers.data import CONTROLLERS as DATA
from app.controllers.identity import CONTROLLERS as IDENTITY
from app.settings import Settings
from tests.conftest import client_of, sqlite_settings
from tests.support.accounts import standing
from tests.support.servers import RedisServer

AREAS = (IDENTITY, CARTS, DATA, CATALOGUE)
WRONG = "wrong horse battery staple"


def limited(folder: Path, redis: RedisServer | None = None, **changes: Any) -> Settings:
    """Return the settings of a shop on SQLite with the default rate limits."""
    limits: dict[str, Any] = {"login_limit_per_account": 5, "login_limit_per_address": 20}
    if redis is not None:
        limits |= {"redis_host": redis.host, "redis_port": redis.port}
    return sqlite_settings(folder / "var", **limits | changes)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Litestar, httpx.AsyncClient]]:
    """Open a shop in this process, and yield it with a client."""
    async with standing(settings, *AREAS) as app, client_of(app) as client:
        yield app, client


def assert_told(answer: httpx.Response, limit: int) -> None:
    """Assert that a refusal has its limit, and the time of the next attempt."""
    assert answer.json()["type"] == "urn:problem:too-many-requests"
    assert answer.headers.get_list("RateLimit-Limit") == [str(limit)]
    assert answer.headers.get_list("RateLimit-Remaining") == ["0"]
    (reset,) = answer.headers.get_list("RateLimit-Reset")
    assert 1 <= int(reset) <= 61
    assert answer.headers["Retry-After"] == reset
    assert answer.json()["retry_after_seconds"] == int(reset)
    assert "WWW-Authenticate" not in answer.headers

"""How a benchmark comes into a running shop: as an administrator, by a key of its own."""

import argparse
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a program be told who runs the shop."""
    parser.add_argument(
        "--email",
        default=os.environ.get("ADMIN_EMAIL", "admin@example.com"),
        help="an administrator (ADMIN_EMAIL, %(default)s)",
    )
    parser.add_argument(
        "--password",
        default=os.environ.get("ADMIN_PASSWORD"),
        help="the password (ADMIN_PASSWORD); the shop tells it at its first start",
    )


@asynccontextmanager
async def key_of_its_own(
    client: httpx.AsyncClient, arguments: argparse.Namespace, scopes: Sequence[str]
) -> AsyncIterator[None]:
    """Have a client send an API key, which is revoked at the end.

    An access token would be over before a long run is.
    """
    if arguments.password is None:
        raise SystemExit("error: --password or ADMIN_PASSWORD is needed to come into the shop")
    await _log_in(client, arguments)
    made = await client.post("api-keys", json={"name": "benchmark", "scopes": list(scopes)})
    made.raise_for_status()
    client.headers["Authorization"] = f"Bearer {made.json()['key']}"
    try:
        yield
    finally:
        await _log_in(client, arguments)
        await client.delete(f"api-keys/{made.json()['id']}")
        await client.post("auth/logout")


async def _log_in(client: httpx.AsyncClient, arguments: argparse.Namespace) -> None:
    client.headers.pop("Authorization", None)
    form = {"username": arguments.email, "password": arguments.password}
    answer = await client.post("auth/token", data=form)
    if answer.status_code != 200:
        raise SystemExit(f"error: {arguments.email}: {answer.json()['detail']}")
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

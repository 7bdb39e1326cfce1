"""Access of a benchmark to a running shop: the log-in of an administrator, and an API key."""

import argparse
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the log-in of an administrator."""
    parser.add_argument(
        "--email",
        default=os.environ.get("ADMIN_EMAIL", "admin@example.com"),
        help="an administrator (ADMIN_EMAIL, %(default)s)",
    )
    parser.add_argument(
        "--password",
        default=os.environ.get("ADMIN_PASSWORD"),
        help="the password (ADMIN_PASSWORD); the shop prints it at its first start",
    )


@asynccontextmanager
async def temporary_api_key(
    client: httpx.AsyncClient, arguments: argparse.Namespace, scopes: Sequence[str]
) -> AsyncIterator[None]:
    """Set a new API key in the headers of a client, and revoke the key at the end.

    An access token would expire before the end of a long run.
    """
    if arguments.password is None:
        raise SystemExit("error: --password or ADMIN_PASSWORD is required")
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

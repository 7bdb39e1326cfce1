"""Sees that a refusal is a problem document (RFC 9457) and has changed nothing."""

from typing import Any

import httpx
from sqlalchemy import select

from app.dependencies import Shop
from app.models import Base

JSON = {"Content-Type": "application/json"}
MEMBERS = ("type", "title", "status", "detail")


async def everything(shop: Shop) -> dict[str, list[Any]]:
    """Return every row of every table."""
    async with shop.database.read() as session:
        return {
            table.name: [
                tuple(row)
                for row in await session.execute(select(table).order_by(*table.primary_key))
            ]
            for table in Base.metadata.sorted_tables
        }


async def refused(
    client: httpx.AsyncClient, shop: Shop, method: str, path: str, **request: Any
) -> dict[str, Any]:
    """Send what is refused, and return the problem."""
    before = await everything(shop)
    response = await client.request(method, path, **request)
    assert await everything(shop) == before
    return problem_of(response)


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """Return the problem document that an answer is."""
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    problem: dict[str, Any] = response.json()
    assert tuple(problem)[:4] == MEMBERS
    assert problem["status"] == response.status_code
    assert all(
        isinstance(problem[name], str) and problem[name] for name in MEMBERS if name != "status"
    )
    return problem


def places_of(problem: dict[str, Any]) -> dict[str, str]:
    """Return where a request is wrong, with the reasons."""
    assert (problem["status"], problem["type"]) == (400, "urn:problem:invalid-input")
    return {
        next(error[name] for name in ("pointer", "parameter", "header") if name in error): error[
            "detail"
        ]
        for error in problem["errors"]
    }

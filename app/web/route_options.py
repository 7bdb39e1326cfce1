"""What a route declares of itself: the guards act on it, and the OpenAPI document tells it."""

from typing import Any

from app.errors import DomainError
from app.schemas.base import Schema
from app.security.principal import Access, Scope


def declared(
    *problems: type[DomainError],
    access: Access,
    scope: Scope | None = None,
    query: type[Schema] | None = None,
    form: type[Schema] | None = None,
    is_secret: bool = False,
    is_dear: bool = False,
    changes_rights: bool = False,
    is_health: bool = False,
    is_stream: bool = False,
    queue: str | None = None,
    is_noted: bool = False,
    formats: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the `opt` of a route handler.

    `problems` are the refusals of its own; `scope` is what opens it to API keys. An `is_secret`
    answer is kept nowhere, `is_dear` routes have a limit by network address, and after one that
    `changes_rights` every token is looked up anew. A read that `is_noted` in the audit trail has a
    transaction, as a change has. `queue` is where the command goes of a caller who prefers not to
    wait. `formats` are the media types of an answer beside JSON, or instead of it.
    """
    return {
        "problems": problems,
        "access": access,
        "scope": scope,
        "query": query,
        "form": form,
        "is_secret": is_secret,
        "is_dear": is_dear,
        "changes_rights": changes_rights,
        "is_health": is_health,
        "is_stream": is_stream,
        "queue": queue,
        "is_noted": is_noted,
        "formats": formats,
    }

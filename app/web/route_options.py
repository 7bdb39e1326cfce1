"""What a route declares of itself: the guards act on it, and the OpenAPI document tells it."""

from dataclasses import dataclass
from typing import Any

from litestar.handlers import BaseRouteHandler

from app.errors import DomainError
from app.schemas.base import Schema
from app.security.principal import Access, Scope

_KEY = "route"


@dataclass(frozen=True, slots=True)
class Deferral:
    """Where the command goes of a caller who prefers not to wait."""

    queue: str
    location: str | None = None
    """The path of what the command creates, with `{id}` for its id."""


@dataclass(frozen=True, slots=True)
class RouteOptions:
    """What a route declares of itself."""

    problems: tuple[type[DomainError], ...]
    """The refusals of its own."""
    access: Access
    scope: Scope | None = None
    """What opens it to API keys."""
    query: type[Schema] | None = None
    form: type[Schema] | None = None
    is_secret: bool = False
    """Whether its answer is kept nowhere."""
    is_throttled: bool = False
    """Whether it has a limit by network address."""
    changes_rights: bool = False
    """Whether every token is looked up again after it."""
    is_health: bool = False
    is_stream: bool = False
    deferral: Deferral | None = None
    is_audited: bool = False
    """Whether it is a read that is noted in the audit trail, in a transaction as a change has."""
    formats: tuple[str, ...] = ()
    """The media types of its answer beside JSON, or instead of it."""


def declared(
    *problems: type[DomainError],
    access: Access,
    scope: Scope | None = None,
    query: type[Schema] | None = None,
    form: type[Schema] | None = None,
    is_secret: bool = False,
    is_throttled: bool = False,
    changes_rights: bool = False,
    is_health: bool = False,
    is_stream: bool = False,
    deferral: Deferral | None = None,
    is_audited: bool = False,
    formats: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the `opt` of a route handler, of which `RouteOptions` tells the members."""
    return {
        _KEY: RouteOptions(
            problems=problems,
            access=access,
            scope=scope,
            query=query,
            form=form,
            is_secret=is_secret,
            is_throttled=is_throttled,
            changes_rights=changes_rights,
            is_health=is_health,
            is_stream=is_stream,
            deferral=deferral,
            is_audited=is_audited,
            formats=formats,
        )
    }


def has_options(handler: BaseRouteHandler) -> bool:
    """Return whether a route declares anything; the framework's own routes do not."""
    return _KEY in handler.opt


def options_of(handler: BaseRouteHandler) -> RouteOptions:
    """Return what a route declares."""
    options: RouteOptions = handler.opt[_KEY]
    return options

"""The options that a route declares, for the middleware and the OpenAPI document."""

from enum import Enum
from typing import Any, Self

from litestar import Router
from litestar.handlers import BaseRouteHandler
from msgspec import Struct

from app.errors import DomainError
from app.schemas.base import Schema
from app.schemas.identity.auth_schema import Grant
from app.security.principal import Access, Scope

_KEY, _GUARDED, _MOVED, _FILES, _GUESTS = "route", "guarded", "moved", "files", "guests"
_EXISTING = "existing"


class Answers(Enum):
    """The component that stores the response to a request with an idempotency key."""

    STORED = "by the middleware"
    STORED_BY_ROUTE = "by the route"
    NEVER_STORED = "by nobody"
    ROW_OF_ROUTE = "by nobody: the route keeps the key in a row, and returns that as it is now"
    REPEATABLE = "by nobody: a repetition has no second effect"


class OwnRouter(Router):
    """A router that is created for one application."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # The framework copies each router that it registers, with all its handlers, which takes a
        # third of the time to build an application.
        return self


class Deferral(Struct, frozen=True):
    """The queue for the command of a caller who prefers an asynchronous response."""

    queue: str
    location: str | None = None
    """The path of the resource that the command creates, with `{id}` for its id."""


class GuardedParameter(Struct, frozen=True):
    """A query parameter of a public route that is only for callers with this access."""

    name: str
    access: Access
    scope: Scope
    """The scope that an API key needs."""


class RouteOptions(Struct, frozen=True):
    """The options of a route."""

    problems: tuple[type[DomainError], ...]
    """The domain errors of the route, in addition to those of every route."""
    access: Access
    scope: Scope | None = None
    """The scope that an API key needs; without one, the route refuses API keys."""
    query: type[Schema] | None = None
    form: type[Schema] | None = None
    grant: type[Grant] | None = None
    """The form of OAuth 2 that may be sent instead of JSON; refusals are those of RFC 6749."""
    answers: Answers = Answers.STORED
    is_throttled: bool = False
    """Whether the route has a rate limit by network address."""
    changes_rights: bool = False
    """Whether a request clears the cached identities of all tokens before its response."""
    is_health: bool = False
    is_stream: bool = False
    deferral: Deferral | None = None
    is_audited: bool = False
    """Whether the audit trail records a read, which therefore has a transaction."""
    formats: tuple[str, ...] = ()
    """The media types of the response, in addition to JSON or instead of it."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # The framework copies each handler, some of them several times.
        return self

    @property
    def is_secret(self) -> bool:
        """Whether the response must not be stored."""
        return self.answers is Answers.NEVER_STORED

    @property
    def has_stored_answers(self) -> bool:
        """Whether a request with an idempotency key is answered by the stored response."""
        return self.answers in (Answers.STORED, Answers.STORED_BY_ROUTE)

    @property
    def takes_keys(self) -> bool:
        """Whether an idempotency key keeps a repetition from having a second effect."""
        return self.has_stored_answers or self.answers is Answers.ROW_OF_ROUTE


def declared(
    *problems: type[DomainError],
    access: Access,
    scope: Scope | None = None,
    query: type[Schema] | None = None,
    form: type[Schema] | None = None,
    grant: type[Grant] | None = None,
    answers: Answers = Answers.STORED,
    is_throttled: bool = False,
    changes_rights: bool = False,
    is_health: bool = False,
    is_stream: bool = False,
    deferral: Deferral | None = None,
    is_audited: bool = False,
    formats: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the `opt` of a route handler; `RouteOptions` describes the members."""
    return {
        _KEY: RouteOptions(
            problems=problems,
            access=access,
            scope=scope,
            query=query,
            form=form,
            grant=grant,
            answers=answers,
            is_throttled=is_throttled,
            changes_rights=changes_rights,
            is_health=is_health,
            is_stream=is_stream,
            deferral=deferral,
            is_audited=is_audited,
            formats=formats,
        )
    }


def guarded(name: str, *, access: Access, scope: Scope) -> dict[str, Any]:
    """Return the addition to the `opt` of a public route with a guarded parameter."""
    return {_GUARDED: GuardedParameter(name, access, scope)}


def guarded_of(handler: BaseRouteHandler) -> GuardedParameter | None:
    """Return the guarded parameter of a route, if it has one."""
    parameter: GuardedParameter | None = handler.opt.get(_GUARDED)
    return parameter


def has_options(handler: BaseRouteHandler) -> bool:
    """Return whether a route declares anything; the framework's own routes do not."""
    return _KEY in handler.opt


def options_of(handler: BaseRouteHandler) -> RouteOptions:
    """Return the options of a route."""
    options: RouteOptions = handler.opt[_KEY]
    return options


def moved() -> dict[str, Any]:
    """Return the addition to the `opt` of a route that redirects former addresses."""
    return {_MOVED: True}


def is_moved(handler: BaseRouteHandler) -> bool:
    """Return whether a route redirects former addresses."""
    return bool(handler.opt.get(_MOVED))


def or_existing() -> dict[str, Any]:
    """Return the addition to the `opt` of a route that creates a resource that may exist already.

    The response is then 200 instead of 201.
    """
    return {_EXISTING: True}


def may_exist(handler: BaseRouteHandler) -> bool:
    """Return whether a route creates a resource that may exist already."""
    return bool(handler.opt.get(_EXISTING))


def for_guests() -> dict[str, Any]:
    """Return the addition to the `opt` of a route that reads the token of a guest's cart.

    If the route is public, it nevertheless identifies callers who send their own token.
    """
    return {_GUESTS: True}


def has_guests(handler: BaseRouteHandler) -> bool:
    """Return whether a route reads the token of a guest's cart."""
    return bool(handler.opt.get(_GUESTS))


def taking_files(*media_types: str) -> dict[str, Any]:
    """Return the addition to the `opt` of a route whose body is a file of one of these types."""
    return {_FILES: media_types}


def files_of(handler: BaseRouteHandler) -> tuple[str, ...]:
    """Return the types of the files that a route accepts, if it accepts any."""
    media_types: tuple[str, ...] = handler.opt.get(_FILES, ())
    return media_types

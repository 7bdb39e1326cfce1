"""The dependencies that Litestar injects into handlers."""

import inspect
from collections.abc import AsyncIterator, Iterable

from litestar import Controller, Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from sqlalchemy.ext.asyncio import AsyncSession

from app.web.request_state import state_of
from app.web.route_options import has_options, options_of
from app.wiring.areas import (
    carts,
    catalogue,
    data,
    identity,
    invoices,
    messaging,
    orders,
    prices,
    promotions,
    reports,
    shipping,
    system,
    taxes,
)
from app.wiring.resources import Shop

_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def provide_shop(state: State) -> Shop:
    """Return the resources of this process."""
    shop: Shop = state.shop
    return shop


async def provide_session(
    request: Request[object, object, State], shop: NamedDependency[Shop]
) -> AsyncIterator[AsyncSession]:
    """Provide the session of a request, which `Database.request_session` opens and commits.

    The commit precedes the response, so that a failed commit is an error to the caller. Litestar
    resolves sibling dependencies concurrently, so no other dependency does I/O.
    """
    is_read = request.method in _READING_METHODS and not _is_audited(request)
    open_session = state_of(request.scope).session
    async with shop.database.request_session(open_session, is_read=is_read) as session:
        yield session


def _is_audited(request: Request[object, object, State]) -> bool:
    handler = request.route_handler
    return has_options(handler) and options_of(handler).is_audited


DEPENDENCIES = {
    "shop": Provide(provide_shop, sync_to_thread=False),
    "session": Provide(provide_session),
    **system.DEPENDENCIES,
    **messaging.DEPENDENCIES,
    **identity.DEPENDENCIES,
    **catalogue.DEPENDENCIES,
    **prices.DEPENDENCIES,
    **taxes.DEPENDENCIES,
    **shipping.DEPENDENCIES,
    **promotions.DEPENDENCIES,
    **carts.DEPENDENCIES,
    **orders.DEPENDENCIES,
    **invoices.DEPENDENCIES,
    **reports.DEPENDENCIES,
    **data.DEPENDENCIES,
}


def with_dependencies(controllers: Iterable[type[Controller]]) -> list[type[Controller]]:
    """Give each controller the dependencies that its handlers name, and return the controllers.

    Litestar resolves all dependencies of a controller for each of its handlers: if they were those
    of the application, this would take half of the time in which an application is built.
    """
    found = list(controllers)
    for controller in found:
        setattr(controller, "dependencies", _named_by(controller))
    return found


def _named_by(controller: type[Controller]) -> dict[str, Provide]:
    members = (getattr(controller, name) for name in dir(controller))
    waiting = [each.fn for each in members if isinstance(each, BaseRouteHandler)]
    named: dict[str, Provide] = {}
    while waiting:
        for name in inspect.signature(waiting.pop()).parameters:
            if name in DEPENDENCIES and name not in named:
                named[name] = DEPENDENCIES[name]
                waiting.append(named[name].dependency)
    return named

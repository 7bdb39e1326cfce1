"""Routes of what became of commands that nobody waited for."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from app.errors import OperationNotFound
from app.schemas.messaging.operation_schema import OperationRead
from app.security.areas.messaging import MessagingScope
from app.security.principal import Access, Caller
from app.web.rendering.responses import show
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.messaging import Operations, provide_operations
from app.wiring.resources import Shop

_POLL_SECONDS = 0.2
_LONGEST_SECONDS = 300.0
_KEEP_ALIVE_SECONDS = 15.0


class OperationController(Controller):
    """What became of commands that nobody waited for."""

    path = "/operations"
    tags = ["operations"]

    @get(
        "/{operation_id:uuid}",
        summary="Show an operation",
        opt=declared(
            OperationNotFound, access=Access.CUSTOMER, scope=MessagingScope.OPERATIONS_READ
        ),
    )
    async def read(
        self, request: ShopRequest, operation_id: FromPath[UUID], operations: Operations
    ) -> Response[OperationRead]:
        """Show how far a command has come, with its result or its problem in the end."""
        return show(request, await operations.get(request.caller, operation_id))

    @get(
        "/{operation_id:uuid}/events",
        summary="Follow an operation",
        opt=declared(
            OperationNotFound,
            access=Access.CUSTOMER,
            scope=MessagingScope.OPERATIONS_READ,
            is_stream=True,
        ),
    )
    async def follow(
        self, request: ShopRequest, operation_id: FromPath[UUID], shop: NamedDependency[Shop]
    ) -> ServerSentEvent:
        """Send each step of a command as it is made; `Last-Event-ID` leaves out what was seen."""
        first = await _look(shop, request.caller, operation_id)
        seen = request.headers.get("last-event-id", "")
        # What is longer is no version, and may be more than Python reads as a number.
        is_version = seen.isdecimal() and len(seen) < 20
        steps = _steps(shop, request.caller, first, int(seen) if is_version else 0)
        return ServerSentEvent(steps)


async def _look(shop: Shop, caller: Caller, operation_id: UUID) -> OperationRead:
    async with shop.database.read() as session:
        return await provide_operations(session, shop).get(caller, operation_id)


async def _steps(
    shop: Shop, caller: Caller, operation: OperationRead, seen: int
) -> AsyncIterator[ServerSentEventMessage]:
    loop = asyncio.get_running_loop()
    began = spoken = loop.time()
    while True:
        if operation.version > seen:
            seen, spoken = operation.version, loop.time()
            yield ServerSentEventMessage(
                id=str(seen), event=operation.state.value, data=operation.to_json().decode()
            )
        elif loop.time() - spoken > _KEEP_ALIVE_SECONDS:
            spoken = loop.time()
            yield ServerSentEventMessage(comment="still here")
        if operation.is_finished or loop.time() - began > _LONGEST_SECONDS:
            return
        await asyncio.sleep(_POLL_SECONDS)
        operation = await _look(shop, caller, operation.id)

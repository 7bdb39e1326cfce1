"""The states of an operation as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from litestar.response import ServerSentEvent, ServerSentEventMessage

from app.schemas.messaging.operation_schema import OperationRead
from app.security.principal import Caller
from app.web.request import ShopRequest
from app.wiring.messaging import provide_operations
from app.wiring.resources import Shop

_POLL_SECONDS = 0.2
_LONGEST_SECONDS = 300.0
_KEEP_ALIVE_SECONDS = 15.0


async def operation_events(request: ShopRequest, shop: Shop, operation_id: UUID) -> ServerSentEvent:
    """Return a stream of the states of an operation, after those that the caller has seen.

    Raises:
        OperationNotFound: the id is unknown, or the caller may not see the operation.
    """
    first = await _look(shop, request.caller, operation_id)
    seen = request.headers.get("last-event-id", "")
    # A longer text is not a version, and may be too long for `int`.
    is_version = seen.isdecimal() and len(seen) < 20
    return ServerSentEvent(_steps(shop, request.caller, first, int(seen) if is_version else 0))


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

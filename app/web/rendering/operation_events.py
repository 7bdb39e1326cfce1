"""The states of an operation as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from uuid import UUID

from litestar.response import ServerSentEvent, ServerSentEventMessage

from app.errors import DomainError
from app.schemas.messaging.operation_schema import OperationRead
from app.security.principal import Caller
from app.web.callers import authorized_caller
from app.web.event_streams import EventStreams
from app.web.request import ShopRequest
from app.wiring.areas.messaging import provide_operations
from app.wiring.resources import Shop

_LONGEST_SECONDS = 300.0
_KEEP_ALIVE_SECONDS = 15.0
# A caller who loses the rights sees no step after this time, or a few seconds later if another
# process took them.
_RIGHTS_SECONDS = 1.0
_RETRY_MS = 1_000


def event_streams(shop: Shop) -> EventStreams:
    """Return the event streams of a process of the shop."""

    async def versions(operation_ids: Collection[UUID]) -> Mapping[UUID, int]:
        async with shop.database.read() as session:
            return await provide_operations(session, shop).versions(operation_ids)

    return EventStreams(versions)


async def operation_events(request: ShopRequest, shop: Shop, operation_id: UUID) -> ServerSentEvent:
    """Return a stream of the states of an operation, after those that the caller has seen.

    Raises:
        OperationNotFound: the id is unknown, or the caller may not see the operation.
    """
    first = await _look(shop, request.caller, operation_id)
    seen = request.headers.get("last-event-id", "")
    # A longer text is not a version, and may be too long for `int`.
    is_version = seen.isdecimal() and len(seen) < 20
    return ServerSentEvent(_steps(request, shop, first, int(seen) if is_version else 0))


async def _look(shop: Shop, caller: Caller, operation_id: UUID) -> OperationRead:
    async with shop.database.read() as session:
        return await provide_operations(session, shop).get(caller, operation_id)


async def _steps(
    request: ShopRequest, shop: Shop, operation: OperationRead, seen: int
) -> AsyncIterator[ServerSentEventMessage]:
    streams: EventStreams = request.app.state.streams
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
            yield _comment("still here")
        if operation.is_finished or loop.time() - began > _LONGEST_SECONDS:
            return
        try:
            operation = await _next(request, shop, streams, operation)
        except DomainError as refusal:
            yield _comment(refusal.detail)
            return
        if streams.is_stopping:
            yield _comment("the shop is stopping, resume with Last-Event-ID")
            return


async def _next(
    request: ShopRequest, shop: Shop, streams: EventStreams, operation: OperationRead
) -> OperationRead:
    """Wait briefly for another step; return the last step that the caller may see now."""
    before: Caller = request.scope["user"]
    has_changed = await streams.has_changed(operation.id, operation.version, _RIGHTS_SECONDS)
    if streams.is_stopping:
        return operation
    caller = request.scope["user"] = await authorized_caller(shop, request.scope)
    if has_changed or caller != before:
        return await _look(shop, caller, operation.id)
    return operation


def _comment(text: str) -> ServerSentEventMessage:
    # With data, even empty data, it would be an event.
    return ServerSentEventMessage(comment=text, retry=_RETRY_MS, data=None)

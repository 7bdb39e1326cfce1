"""Responses to callers who prefer an asynchronous response (RFC 7240)."""

import asyncio
import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response
from litestar.datastructures import Headers

from app.errors import DomainError
from app.models import OperationState
from app.schemas.base import etag_of
from app.schemas.messaging.operation_schema import OperationRead
from app.web.request import ShopRequest
from app.web.request_state import state_of
from app.web.route_options import Deferral, options_of
from app.wiring.areas.messaging import provide_operations
from app.wiring.resources import Shop

HEADER = "Prefer"
MAX_WAIT_SECONDS = 30
_POLL_SECONDS = 0.05
_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,4})\"?", re.IGNORECASE)
_RESPOND_ASYNC = re.compile(r"(^|[,;\s])respond-async($|[,;\s])", re.IGNORECASE)


def prefers_async(headers: Headers) -> bool:
    """Return whether a caller prefers an asynchronous response."""
    # A condition applies to the current state, not to the state when the command is applied.
    preferred = headers.get(HEADER.lower(), "")
    return _RESPOND_ASYNC.search(preferred) is not None and "if-match" not in headers


async def respond_async(request: ShopRequest, command: bytes, status: int) -> Response[Any] | None:
    """Put a command on the queue of its route, if the caller prefers that; otherwise return None.

    With `wait`, the response is that of a synchronous request if the command finishes in time.
    """
    if not prefers_async(request.headers):
        return None
    if (deferral := options_of(request.route_handler).deferral) is None:
        raise RuntimeError(f"{request.url.path} has no queue")
    shop: Shop = request.app.state.shop
    outer = state_of(request.scope).session
    if outer is not None:
        # With an idempotency key, the command begins only when the response is committed.
        operation = await provide_operations(outer, shop).begin(
            request.caller, deferral.queue, command
        )
        return _accepted(operation)
    async with shop.database.write() as session:
        operation = await provide_operations(session, shop).begin(
            request.caller, deferral.queue, command
        )
    if match := _WAIT.search(request.headers[HEADER]):
        operation = await _finished(request, operation, min(int(match[1]), MAX_WAIT_SECONDS))
    return _response_of(operation, deferral, status)


async def command_with_body(request: ShopRequest, member: str, **ids: UUID) -> bytes:
    """Return a command with the ids of its subjects, and the body of a request as a member.

    The body is copied unchanged: its schema contains converted values, such as minor units.
    """
    return msgspec.json.encode({**ids, member: msgspec.Raw(await request.body())})


async def _finished(request: ShopRequest, operation: OperationRead, seconds: int) -> OperationRead:
    shop: Shop = request.app.state.shop
    deadline = asyncio.get_running_loop().time() + seconds
    while not operation.is_finished and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(_POLL_SECONDS)
        async with shop.database.read() as session:
            operation = await provide_operations(session, shop).get(request.caller, operation.id)
    return operation


def _response_of(operation: OperationRead, deferral: Deferral, status: int) -> Response[Any]:
    if operation.state is OperationState.FAILED and operation.problem is not None:
        raise Refused(operation.problem)
    if operation.state is not OperationState.SUCCEEDED or operation.result is None:
        return _accepted(operation)
    body = msgspec.json.encode(operation.result)
    headers = {"ETag": etag_of(body), "Preference-Applied": "respond-async"}
    if deferral.location is not None:
        headers["Location"] = deferral.location.format(id=operation.result["id"])
    return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)


def _accepted(operation: OperationRead) -> Response[Any]:
    headers = {
        "Location": f"/api/v1/operations/{operation.id}",
        "Preference-Applied": "respond-async",
    }
    return Response(
        operation.to_json(), status_code=202, media_type=MediaType.JSON, headers=headers
    )


class Refused(DomainError):
    """The refusal of a command that was applied from its queue."""

    code, title, status = "refused", "Refused", 409

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem["detail"]))
        self._problem = problem
        # A class variable in other errors; here, the status is that of the original refusal.
        self.status = problem["status"]  # type: ignore[misc]  # as above

    def as_problem(self) -> dict[str, Any]:
        """Return the problem of the original refusal."""
        return self._problem

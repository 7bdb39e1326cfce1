"""Routes of operations."""

from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import ServerSentEvent

from app.errors import OperationNotFound
from app.schemas.messaging.operation_schema import OperationRead
from app.security.areas.messaging import MessagingScope
from app.security.principal import Access
from app.web.rendering.operation_events import operation_events
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.messaging import Operations
from app.wiring.resources import Shop


class OperationController(Controller):
    """Operations: asynchronous commands and their results."""

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
        """Return the state of a command, with its result or its problem once it has finished."""
        return json_response(request, await operations.get(request.caller, operation_id))

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
        """Stream the steps of a command as they happen; `Last-Event-ID` skips earlier ones."""
        return await operation_events(request, shop, operation_id)

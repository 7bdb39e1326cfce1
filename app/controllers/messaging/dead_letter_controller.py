"""Routes of messages that cannot be applied."""

from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath, QueryParams

from app.errors import DeadLetterNotFound
from app.schemas.messaging.dead_letter_schema import DeadLetterPage, DeadLetterQuery, DeadLetterRead
from app.security.areas.messaging import MessagingScope
from app.security.principal import Access
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.messaging import DeadLetters


class DeadLetterController(Controller):
    """Dead letters: messages that cannot be applied."""

    path = "/dead-letters"
    tags = ["operations"]

    @get(
        summary="List dead letters",
        opt=declared(
            access=Access.STAFF, scope=MessagingScope.OPERATIONS_READ, query=DeadLetterQuery
        ),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, dead_letters: DeadLetters
    ) -> Response[DeadLetterPage]:
        """Return a page of the messages to be requeued or discarded."""
        asked = DeadLetterQuery.parse_query(query.multi_items())
        return json_response(request, await dead_letters.find(asked))

    @get(
        "/{letter_id:uuid}",
        summary="Show a dead letter",
        opt=declared(DeadLetterNotFound, access=Access.STAFF, scope=MessagingScope.OPERATIONS_READ),
    )
    async def read(
        self, request: ShopRequest, letter_id: FromPath[UUID], dead_letters: DeadLetters
    ) -> Response[DeadLetterRead]:
        """Return a dead letter; for its body, an API key needs the scope of its resource."""
        return json_response(request, await dead_letters.get(request.caller, letter_id))

    @post(
        "/{letter_id:uuid}/requeue",
        status_code=204,
        summary="Requeue a dead letter",
        opt=declared(
            DeadLetterNotFound, access=Access.STAFF, scope=MessagingScope.OPERATIONS_WRITE
        ),
    )
    async def requeue(
        self, request: ShopRequest, letter_id: FromPath[UUID], dead_letters: DeadLetters
    ) -> None:
        """Return a dead letter to its queue; it is applied once, even if requeued several times."""
        await dead_letters.requeue(request.caller, letter_id)

    @delete(
        "/{letter_id:uuid}",
        summary="Discard a dead letter",
        opt=declared(
            DeadLetterNotFound, access=Access.STAFF, scope=MessagingScope.OPERATIONS_WRITE
        ),
    )
    async def discard(
        self, request: ShopRequest, letter_id: FromPath[UUID], dead_letters: DeadLetters
    ) -> None:
        """Discard a dead letter permanently."""
        await dead_letters.discard(request.caller, letter_id)

"""The pages of operations: health, queues, dead letters and the audit trail of the day."""

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.errors import DeadLetterNotFound, InvalidInput
from app.pages.console.asked import address_without_cursor, asked, filters_of
from app.pages.rendering import HTML, document_of, page, see
from app.schemas.messaging.dead_letter_schema import DeadLetterQuery
from app.schemas.page_schema import MAX_ITEMS
from app.schemas.system.audit_schema import AuditQuery
from app.security.principal import Access
from app.services.system.audit_service import AuditService
from app.web.rendering.metrics import Metrics
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.messaging import DeadLetters
from app.wiring.areas.system import Audit, Health, Mails
from app.wiring.resources import Shop

OPERATIONS = "/console/operations"


class OperationPages(Controller):
    """The pages of operations."""

    path = OPERATIONS
    include_in_schema = False

    @get(opt=declared(InvalidInput, access=Access.STAFF, formats=(HTML,)))
    async def show(
        self,
        request: ShopRequest,
        dead_letters: DeadLetters,
        audit: Audit,
        health: Health,
        mails: Mails,
        shop: NamedDependency[Shop],
    ) -> Response[bytes]:
        """Show the dependencies, the queues and the dead letters."""
        metrics: Metrics = request.app.state.metrics
        figures, depths = await metrics.read()
        return page(
            request,
            "console/operations.html",
            letters=document_of(await dead_letters.find(asked(request, DeadLetterQuery))),
            filters=filters_of(request),
            list_address=address_without_cursor(request),
            health=document_of(await health.readiness()),
            figures=figures,
            depths=depths,
            mails_waiting=await mails.count_waiting(),
            events=await _events_of_today(request, audit, shop),
        )

    @get(
        "/dead-letters/{letter_id:uuid}",
        opt=declared(DeadLetterNotFound, access=Access.STAFF, formats=(HTML,)),
    )
    async def read(
        self, request: ShopRequest, letter_id: FromPath[UUID], dead_letters: DeadLetters
    ) -> Response[bytes]:
        """Show a dead letter with its body."""
        letter = document_of(await dead_letters.get(request.caller, letter_id))
        return page(request, "console/dead_letter.html", letter=letter)

    @post(
        "/dead-letters/{letter_id:uuid}/requeue",
        opt=declared(DeadLetterNotFound, access=Access.STAFF),
    )
    async def requeue(
        self, request: ShopRequest, letter_id: FromPath[UUID], dead_letters: DeadLetters
    ) -> Response[bytes]:
        """Return a dead letter to its queue."""
        await dead_letters.requeue(request.caller, letter_id)
        return see(OPERATIONS)

    @post(
        "/dead-letters/{letter_id:uuid}/discard",
        opt=declared(DeadLetterNotFound, access=Access.STAFF),
    )
    async def discard(
        self, request: ShopRequest, letter_id: FromPath[UUID], dead_letters: DeadLetters
    ) -> Response[bytes]:
        """Discard a dead letter."""
        await dead_letters.discard(request.caller, letter_id)
        return see(OPERATIONS)


async def _events_of_today(request: ShopRequest, audit: AuditService, shop: Shop) -> Any:
    """Return the newest events of the day of the shop; None if the caller may not see them."""
    if not request.caller.may(Access.ADMIN, None):
        return None
    start = shop.days.start_of(shop.days.day_of(shop.clock.now()))
    found = await audit.find(AuditQuery(limit=MAX_ITEMS))
    return [document_of(each) for each in found.items if each.created_at >= start]

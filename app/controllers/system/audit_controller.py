"""Routes of the audit trail."""

from litestar import Controller, Response, get
from litestar.params import QueryParams

from app.schemas.system.audit_schema import AuditPage, AuditQuery
from app.security.principal import Access
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.system import Audit


class AuditController(Controller):
    """The audit trail."""

    path = "/audit"
    tags = ["audit"]

    @get(summary="List audit events", opt=declared(access=Access.ADMIN, query=AuditQuery))
    async def find(
        self, request: ShopRequest, query: QueryParams, audit: Audit
    ) -> Response[AuditPage]:
        """Return a page of log-ins and of changes of roles, passwords, prices and keys."""
        return json_response(request, await audit.find(AuditQuery.parse_query(query.multi_items())))

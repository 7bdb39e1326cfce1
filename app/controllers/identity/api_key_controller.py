"""Routes of API keys."""

from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import ApiKeyNotFound
from app.schemas.identity.api_key_schema import ApiKeyCreate, ApiKeyCreated, ApiKeyPage, ApiKeyQuery
from app.security.principal import Access
from app.web.rendering.responses import json_response, no_store_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.identity import ApiKeys


class ApiKeyController(Controller):
    """API keys, which authenticate machines."""

    path = "/api-keys"
    tags = ["api keys"]

    @post(
        summary="Create an API key", opt=declared(access=Access.ADMIN, answers=Answers.NEVER_STORED)
    )
    async def issue(
        self, request: ShopRequest, data: JSONBody[ApiKeyCreate], api_keys: ApiKeys
    ) -> Response[ApiKeyCreated]:
        """Create a key for a machine; its secret is returned only once."""
        return no_store_response(await api_keys.issue(request.caller, data), 201)

    @get(summary="List API keys", opt=declared(access=Access.ADMIN, query=ApiKeyQuery))
    async def find(
        self, request: ShopRequest, query: QueryParams, api_keys: ApiKeys
    ) -> Response[ApiKeyPage]:
        """Return a page of the keys, including revoked ones, without their secrets."""
        return json_response(
            request, await api_keys.find(ApiKeyQuery.parse_query(query.multi_items()))
        )

    @delete(
        "/{key_id:uuid}",
        summary="Revoke an API key",
        opt=declared(ApiKeyNotFound, access=Access.ADMIN, changes_rights=True),
    )
    async def revoke(self, request: ShopRequest, key_id: FromPath[UUID], api_keys: ApiKeys) -> None:
        """Revoke a key permanently."""
        await api_keys.revoke(request.caller, key_id)

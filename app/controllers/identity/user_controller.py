"""Routes of users and their addresses."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    AddressNotFound,
    EmailTaken,
    Forbidden,
    InvalidCredentials,
    LastAdmin,
    PreconditionFailed,
    TooManyAddresses,
    TooManyRequests,
    UsernameTaken,
    UserNotFound,
)
from app.schemas.data.export_schema import UserExport
from app.schemas.identity.user_schema import (
    AddressChange,
    AddressCreate,
    AddressList,
    AddressRead,
    UserAccessChange,
    UserChange,
    UserCreate,
    UserPage,
    UserQuery,
    UserRead,
)
from app.security.areas.identity import IdentityScope
from app.security.principal import Access
from app.web.rendering.responses import cached_response, created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.data import Privacy
from app.wiring.areas.identity import Addresses, Users


class UserController(Controller):
    """Users."""

    path = "/users"
    tags = ["users"]

    @post(
        summary="Register a user",
        opt=declared(EmailTaken, UsernameTaken, access=Access.PUBLIC, is_throttled=True),
    )
    async def register(self, data: JSONBody[UserCreate], users: Users) -> Response[UserRead]:
        """Add a customer; e-mail address and username are compared without regard to case."""
        user = await users.register(data)
        return created_response(user, f"/api/v1/users/{user.id}")

    @get(
        summary="List users",
        opt=declared(access=Access.STAFF, scope=IdentityScope.USERS_READ, query=UserQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, users: Users
    ) -> Response[UserPage]:
        """Return a page of users, newest first."""
        return json_response(request, await users.find(UserQuery.parse_query(query.multi_items())))

    @get("/me", summary="Show the caller", opt=declared(access=Access.CUSTOMER))
    async def read_own(self, request: ShopRequest, users: Users) -> Response[UserRead]:
        """Return the calling user."""
        return cached_response(request, await users.get(request.caller, request.caller.own_id))

    @get(
        "/{user_id:uuid}",
        summary="Show a user",
        opt=declared(UserNotFound, access=Access.CUSTOMER, scope=IdentityScope.USERS_READ),
    )
    async def read(
        self, request: ShopRequest, user_id: FromPath[UUID], users: Users
    ) -> Response[UserRead]:
        """Return a user."""
        return cached_response(request, await users.get(request.caller, user_id))

    @patch(
        "/{user_id:uuid}",
        summary="Change a user",
        opt=declared(
            UserNotFound,
            EmailTaken,
            UsernameTaken,
            InvalidCredentials,
            TooManyRequests,
            PreconditionFailed,
            access=Access.CUSTOMER,
            scope=IdentityScope.USERS_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        data: JSONBody[UserChange],
        users: Users,
    ) -> Response[UserRead]:
        """Change the given fields; the others stay unchanged."""
        return json_response(
            request, await users.change(request.caller, user_id, data, request.if_match)
        )

    @patch(
        "/{user_id:uuid}/access",
        summary="Change what a user may do",
        opt=declared(
            UserNotFound,
            LastAdmin,
            PreconditionFailed,
            access=Access.ADMIN,
            changes_rights=True,
        ),
    )
    async def change_access(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        data: JSONBody[UserAccessChange],
        users: Users,
    ) -> Response[UserRead]:
        """Change a user's role or permission to log in; without the latter, a user is logged out.

        The API keys of a user who is no longer an active administrator are revoked.
        """
        changed = await users.change_access(request.caller, user_id, data, request.if_match)
        return json_response(request, changed)

    @get(
        "/{user_id:uuid}/export",
        summary="Export a user",
        opt=declared(
            UserNotFound,
            Forbidden,
            access=Access.CUSTOMER,
            scope=IdentityScope.USERS_READ,
            is_audited=True,
        ),
    )
    async def export(
        self, request: ShopRequest, user_id: FromPath[UUID], privacy: Privacy
    ) -> Response[UserExport]:
        """Return all data that the shop stores about a user (GDPR, articles 15 and 20)."""
        return json_response(request, await privacy.export(request.caller, user_id))

    @delete(
        "/{user_id:uuid}",
        summary="Delete a user",
        opt=declared(
            UserNotFound,
            LastAdmin,
            PreconditionFailed,
            access=Access.CUSTOMER,
            scope=IdentityScope.USERS_WRITE,
            changes_rights=True,
        ),
    )
    async def forget(self, request: ShopRequest, user_id: FromPath[UUID], privacy: Privacy) -> None:
        """Delete a user; for a user with orders, personal data is erased and the orders stay."""
        await privacy.erase(request.caller, user_id, request.if_match)


class AddressController(Controller):
    """Addresses of a user."""

    path = "/users/{user_id:uuid}/addresses"
    tags = ["users"]

    @get(
        summary="List a user's addresses",
        opt=declared(UserNotFound, access=Access.CUSTOMER, scope=IdentityScope.USERS_READ),
    )
    async def find(
        self, request: ShopRequest, user_id: FromPath[UUID], addresses: Addresses
    ) -> Response[AddressList]:
        """Return all addresses of a user, oldest first."""
        return json_response(request, await addresses.of_user(request.caller, user_id))

    @post(
        summary="Add an address",
        opt=declared(
            UserNotFound, TooManyAddresses, access=Access.CUSTOMER, scope=IdentityScope.USERS_WRITE
        ),
    )
    async def add(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        data: JSONBody[AddressCreate],
        addresses: Addresses,
    ) -> Response[AddressRead]:
        """Add an address; the first one of a user is primary."""
        address = await addresses.add(request.caller, user_id, data)
        return created_response(address, f"/api/v1/users/{user_id}/addresses/{address.id}")

    @get(
        "/{address_id:uuid}",
        summary="Show an address",
        opt=declared(AddressNotFound, access=Access.CUSTOMER, scope=IdentityScope.USERS_READ),
    )
    async def read(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        address_id: FromPath[UUID],
        addresses: Addresses,
    ) -> Response[AddressRead]:
        """Return an address of a user."""
        return json_response(request, await addresses.get(request.caller, user_id, address_id))

    @patch(
        "/{address_id:uuid}",
        summary="Change an address",
        opt=declared(
            UserNotFound,
            AddressNotFound,
            PreconditionFailed,
            access=Access.CUSTOMER,
            scope=IdentityScope.USERS_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        address_id: FromPath[UUID],
        data: JSONBody[AddressChange],
        addresses: Addresses,
    ) -> Response[AddressRead]:
        """Change the given fields; a new primary address replaces the previous one."""
        return json_response(
            request,
            await addresses.change(request.caller, user_id, address_id, data, request.if_match),
        )

    @delete(
        "/{address_id:uuid}",
        summary="Remove an address",
        opt=declared(
            UserNotFound,
            AddressNotFound,
            PreconditionFailed,
            access=Access.CUSTOMER,
            scope=IdentityScope.USERS_WRITE,
        ),
    )
    async def remove(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        address_id: FromPath[UUID],
        addresses: Addresses,
    ) -> None:
        """Remove an address; orders shipped to it keep it."""
        await addresses.remove(request.caller, user_id, address_id, request.if_match)

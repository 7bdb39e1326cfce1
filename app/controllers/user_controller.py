"""Routes of users and their addresses."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.dependencies import Addresses, Users
from app.errors import AddressNotFound, EmailTaken, PreconditionFailed, UsernameTaken, UserNotFound
from app.schemas.user_schema import (
    AddressChange,
    AddressCreate,
    AddressList,
    AddressRead,
    UserChange,
    UserCreate,
    UserPage,
    UserQuery,
    UserRead,
)
from app.web.openapi import documented
from app.web.request import ShopRequest
from app.web.response import created, show


class UserController(Controller):
    """Users."""

    path = "/users"
    tags = ["users"]

    @post(summary="Register a user", opt=documented(EmailTaken, UsernameTaken))
    async def register(
        self, request: ShopRequest, data: JSONBody[UserCreate], users: Users
    ) -> Response[UserRead]:
        """Add a customer; e-mail address and username are compared without regard to case."""
        user = await users.register(data)
        return created(request, user, f"/api/v1/users/{user.id}")

    @get(summary="List users", opt=documented(query=UserQuery))
    async def find(
        self, request: ShopRequest, query: QueryParams, users: Users
    ) -> Response[UserPage]:
        """Show a page of users, the newest first."""
        return show(request, await users.find(UserQuery.parse_query(query.multi_items())))

    @get("/{user_id:uuid}", summary="Show a user", opt=documented(UserNotFound))
    async def read(
        self, request: ShopRequest, user_id: FromPath[UUID], users: Users
    ) -> Response[UserRead]:
        """Show one user."""
        return show(request, await users.get(user_id))

    @patch(
        "/{user_id:uuid}",
        summary="Change a user",
        opt=documented(UserNotFound, EmailTaken, UsernameTaken, PreconditionFailed),
    )
    async def change(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        data: JSONBody[UserChange],
        users: Users,
    ) -> Response[UserRead]:
        """Change the fields that are given; the others stay."""
        return show(request, await users.change(user_id, data, request.headers.get("if-match")))

    @delete("/{user_id:uuid}", summary="Delete a user", opt=documented(UserNotFound))
    async def forget(self, user_id: FromPath[UUID], users: Users) -> None:
        """Delete a user; of one who has ordered the person is forgotten and the orders stay."""
        await users.delete(user_id)


class AddressController(Controller):
    """Addresses of a user."""

    path = "/users/{user_id:uuid}/addresses"
    tags = ["users"]

    @get(summary="List a user's addresses", opt=documented(UserNotFound))
    async def find(
        self, request: ShopRequest, user_id: FromPath[UUID], addresses: Addresses
    ) -> Response[AddressList]:
        """Show all addresses of a user, the oldest first."""
        return show(request, await addresses.of_user(user_id))

    @post(summary="Add an address", opt=documented(UserNotFound))
    async def add(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        data: JSONBody[AddressCreate],
        addresses: Addresses,
    ) -> Response[AddressRead]:
        """Add an address; a user's first one is primary."""
        address = await addresses.add(user_id, data)
        return created(request, address, f"/api/v1/users/{user_id}/addresses/{address.id}")

    @get("/{address_id:uuid}", summary="Show an address", opt=documented(AddressNotFound))
    async def read(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        address_id: FromPath[UUID],
        addresses: Addresses,
    ) -> Response[AddressRead]:
        """Show one address of a user."""
        return show(request, await addresses.get(user_id, address_id))

    @patch(
        "/{address_id:uuid}",
        summary="Change an address",
        opt=documented(UserNotFound, AddressNotFound, PreconditionFailed),
    )
    async def change(
        self,
        request: ShopRequest,
        user_id: FromPath[UUID],
        address_id: FromPath[UUID],
        data: JSONBody[AddressChange],
        addresses: Addresses,
    ) -> Response[AddressRead]:
        """Change the fields that are given; made primary, it takes the place of the one before."""
        if_match = request.headers.get("if-match")
        return show(request, await addresses.change(user_id, address_id, data, if_match))

    @delete(
        "/{address_id:uuid}",
        summary="Remove an address",
        opt=documented(UserNotFound, AddressNotFound),
    )
    async def remove(
        self, user_id: FromPath[UUID], address_id: FromPath[UUID], addresses: Addresses
    ) -> None:
        """Remove an address; orders that went there keep it."""
        await addresses.remove(user_id, address_id)

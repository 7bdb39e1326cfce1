"""The callers of the shop and their access."""

from enum import IntEnum, StrEnum
from uuid import UUID

from msgspec import Struct

from app.models import UserRole


class Scope(StrEnum):
    """A scope that an API key may have."""


class Access(IntEnum):
    """The lowest role that may use a route; each member includes the roles above it."""

    PUBLIC = 0
    CUSTOMER = 1
    STAFF = 2
    ADMIN = 3


_ACCESS = {
    UserRole.CUSTOMER: Access.CUSTOMER,
    UserRole.STAFF: Access.STAFF,
    UserRole.ADMIN: Access.ADMIN,
}


class Caller(Struct, frozen=True):
    """A user, a machine with an API key, the shop itself, or an anonymous caller."""

    name: str
    user_id: UUID | None = None
    role: UserRole | None = None
    scopes: frozenset[Scope] = frozenset()
    session_id: UUID | None = None
    address: str | None = None
    """The network address, if there is one."""
    network: str | None = None
    """The key of the network address for rate limits."""

    @property
    def is_anonymous(self) -> bool:
        """Whether the caller is not authenticated."""
        return self.name == _NOBODY

    @property
    def is_privileged(self) -> bool:
        """Whether the caller may access resources of others."""
        return not self.is_anonymous and self.role is not UserRole.CUSTOMER

    @property
    def own_id(self) -> UUID:
        """The id of a caller who is a user.

        Raises:
            RuntimeError: the caller is not a user; routes for users must not admit it.
        """
        if self.user_id is None:
            raise RuntimeError(f"{self.name} is not a user")
        return self.user_id

    @property
    def owner(self) -> UUID | None:
        """The user whose resources the caller may see, or None for those of all users.

        Raises:
            RuntimeError: the caller is anonymous; the route must not admit it.
        """
        if self.is_anonymous:
            raise RuntimeError("an anonymous caller owns nothing and sees nothing")
        return None if self.is_privileged else self.user_id

    def has_rights_of(self, role: UserRole | None) -> bool:
        """Return whether a user has all rights of a role; a machine never loses any of its own."""
        if self.role is None:
            return True
        return role is not None and _ACCESS[self.role] >= _ACCESS[role]

    def may(self, access: Access, scope: Scope | None) -> bool:
        """Return whether the caller may use a route with this access or key scope."""
        if self.role is not None:
            return _ACCESS[self.role] >= access
        return access is Access.PUBLIC or (scope is not None and scope in self.scopes)


_NOBODY = "anonymous"
ANONYMOUS = Caller(_NOBODY)
SYSTEM = Caller("system")
"""The shop itself, as the caller of a start, a queue, a schedule or the command line."""


def name_of_user(user_id: UUID) -> str:
    """Return the name of a user in the audit trail."""
    return f"user {user_id}"

"""Who acts in the shop, and how much that is worth."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from uuid import UUID

from app.models import UserRole


class Scope(StrEnum):
    """What an API key may be good for."""


class Access(IntEnum):
    """Who may use a route; each includes the ones above it."""

    PUBLIC = 0
    CUSTOMER = 1
    STAFF = 2
    ADMIN = 3


_ACCESS = {
    UserRole.CUSTOMER: Access.CUSTOMER,
    UserRole.STAFF: Access.STAFF,
    UserRole.ADMIN: Access.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, a machine with an API key, the shop itself, or nobody that is known."""

    name: str
    user_id: UUID | None = None
    role: UserRole | None = None
    scopes: frozenset[Scope] = frozenset()
    session_id: UUID | None = None
    address: str | None = None
    """The network address, where there is one."""

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing is known of the caller."""
        return self.name == _NOBODY

    @property
    def is_privileged(self) -> bool:
        """Whether the caller has to do with what is not the caller's own."""
        return not self.is_anonymous and self.role is not UserRole.CUSTOMER

    @property
    def own_id(self) -> UUID:
        """The id of a caller who is a user.

        Raises:
            RuntimeError: a caller whom no route for persons should have let through.
        """
        if self.user_id is None:
            raise RuntimeError(f"{self.name} is not a user")
        return self.user_id

    @property
    def owner(self) -> UUID | None:
        """Whose things the caller may see: None for everybody's.

        Raises:
            RuntimeError: a caller whom no route should have let through.
        """
        if self.is_anonymous:
            raise RuntimeError("an anonymous caller owns nothing and sees nothing")
        return None if self.is_privileged else self.user_id

    def may(self, access: Access, scope: Scope | None) -> bool:
        """Tell whether a route of this access, or for keys of this scope, is open to the caller."""
        if self.role is not None:
            return _ACCESS[self.role] >= access
        return access is Access.PUBLIC or (scope is not None and scope in self.scopes)


_NOBODY = "anonymous"
ANONYMOUS = Caller(_NOBODY)
SYSTEM = Caller("system")
"""The shop itself: a start, a queue, a schedule, a command line."""


def name_of_user(user_id: UUID) -> str:
    """Return what a user is called where it is noted who did something."""
    return f"user {user_id}"

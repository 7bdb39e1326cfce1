"""Refusals about users, addresses, log-ins and API keys."""

from app.errors.base import Conflict, NotFound, Unauthenticated

__all__ = [
    "AddressNotFound",
    "ApiKeyNotFound",
    "EmailTaken",
    "InvalidCredentials",
    "InvalidToken",
    "LastAdmin",
    "RefreshTokenReused",
    "SessionNotFound",
    "TooManyAddresses",
    "UserNotActive",
    "UserNotFound",
    "UsernameTaken",
]


class InvalidToken(Unauthenticated):
    """The token is not one of ours, is of another kind, or its time is over."""

    code, title = "invalid-token", "The token is not valid"


class InvalidCredentials(Unauthenticated):
    """There is no such user, or the password is another one."""

    code, title, keeps_changes = "invalid-credentials", "Wrong name or password", True


class RefreshTokenReused(InvalidToken):
    """The refresh token was used before: somebody has a copy, and its session is ended."""

    code, title, keeps_changes = "refresh-token-reused", "The token was used before", True


class UserNotFound(NotFound):
    """There is no such user."""

    code, title = "user-not-found", "User not found"


class AddressNotFound(NotFound):
    """The user has no such address."""

    code, title = "address-not-found", "Address not found"


class SessionNotFound(NotFound):
    """The caller has no such session."""

    code, title = "session-not-found", "Session not found"


class ApiKeyNotFound(NotFound):
    """There is no such API key."""

    code, title = "api-key-not-found", "API key not found"


class EmailTaken(Conflict):
    """Another user has this e-mail address."""

    code, title = "email-taken", "The e-mail address is taken"


class UsernameTaken(Conflict):
    """Another user has this username."""

    code, title = "username-taken", "The username is taken"


class TooManyAddresses(Conflict):
    """The user has as many addresses as a user may have."""

    code, title = "too-many-addresses", "The user has too many addresses"


class UserNotActive(Conflict):
    """The user may not place orders at present."""

    code, title = "user-not-active", "The user is not active"


class LastAdmin(Conflict):
    """The shop would be left without an administrator."""

    code, title = "last-admin", "The last administrator stays"

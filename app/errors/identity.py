"""Errors about users, addresses, log-ins and API keys."""

from app.errors.base import Conflict, NotFound, Unauthenticated

__all__ = [
    "AddressNotFound",
    "ApiKeyNotFound",
    "CountryNotFound",
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
    """The token was not issued by the shop, is of another kind or has expired."""

    code, title = "invalid-token", "The token is not valid"


class InvalidCredentials(Unauthenticated):
    """The user does not exist, or the password is wrong."""

    code, title, keeps_changes = "invalid-credentials", "Invalid username or password", True


class RefreshTokenReused(InvalidToken):
    """The refresh token was used twice, so it was probably copied; its session has ended."""

    code, title, keeps_changes = "refresh-token-reused", "The token was used before", True


class UserNotFound(NotFound):
    """The user does not exist."""

    code, title = "user-not-found", "User not found"


class AddressNotFound(NotFound):
    """The user does not have this address."""

    code, title = "address-not-found", "Address not found"


class CountryNotFound(NotFound):
    """The country does not exist."""

    code, title = "country-not-found", "Country not found"


class SessionNotFound(NotFound):
    """The caller does not have this session."""

    code, title = "session-not-found", "Session not found"


class ApiKeyNotFound(NotFound):
    """The API key does not exist."""

    code, title = "api-key-not-found", "API key not found"


class EmailTaken(Conflict):
    """Another user has this e-mail address."""

    code, title = "email-taken", "The e-mail address is taken"


class UsernameTaken(Conflict):
    """Another user has this username."""

    code, title = "username-taken", "The username is taken"


class TooManyAddresses(Conflict):
    """The user has the maximum number of addresses."""

    code, title = "too-many-addresses", "The user has too many addresses"


class UserNotActive(Conflict):
    """The user is deactivated and may not place orders."""

    code, title = "user-not-active", "The user is not active"


class LastAdmin(Conflict):
    """The change would leave the shop without an administrator."""

    code, title = "last-admin", "The last administrator cannot be removed"

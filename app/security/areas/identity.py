"""The scopes of users, and the audit events of users, log-ins and API keys."""

from app.security.audited import Audited
from app.security.principal import Scope


class IdentityScope(Scope):
    """Scopes of users and their addresses."""

    USERS_READ = "users:read"
    USERS_WRITE = "users:write"


class IdentityAudited(Audited):
    """Events of users and their log-ins."""

    LOGGED_IN = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGGED_OUT = "login.ended"
    TOKEN_REUSED = "refresh-token.reused"  # nosec B105  # the name of an event
    PASSWORD_CHANGED = "password.changed"  # nosec B105  # the name of an event
    PASSWORD_RESET = "password.reset"  # nosec B105  # the name of an event
    PASSWORD_FORGOTTEN = "password.forgotten"  # nosec B105  # the name of an event
    EMAIL_CHANGED = "email.changed"
    EMAIL_VERIFIED = "email.verified"
    ROLE_CHANGED = "role.changed"
    ACCESS_CHANGED = "access.changed"


class ApiKeyAudited(Audited):
    """Events of API keys."""

    KEY_CREATED = "api-key.created"
    KEY_REVOKED = "api-key.revoked"

"""The scopes of the system."""

from app.security.principal import Scope


class SystemScope(Scope):
    """Scopes of the system."""

    METRICS_READ = "metrics:read"

"""The scopes of daily reports."""

from app.security.principal import Scope


class ReportsScope(Scope):
    """Scopes of daily reports."""

    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"

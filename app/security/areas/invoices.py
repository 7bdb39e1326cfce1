"""The scopes of invoices."""

from app.security.principal import Scope


class InvoicesScope(Scope):
    """Scopes of invoices."""

    INVOICES_READ = "invoices:read"

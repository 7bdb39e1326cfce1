"""The scopes of payments."""

from app.security.principal import Scope


class PaymentsScope(Scope):
    """Scopes of payments."""

    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    REFUNDS_WRITE = "refunds:write"

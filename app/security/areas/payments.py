"""The scopes and audit events of payments."""

from app.security.audited import Audited
from app.security.principal import Scope


class PaymentsScope(Scope):
    """Scopes of payments."""

    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    REFUNDS_WRITE = "refunds:write"


class PaymentsAudited(Audited):
    """Events of payments."""

    PAYMENT_SEEN = "payment.seen"
    PAYMENT_UNKNOWN = "payment.unknown"

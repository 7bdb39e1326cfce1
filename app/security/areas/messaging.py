"""The scopes and audit events of operations and dead letters."""

from app.security.audited import Audited
from app.security.principal import Scope


class MessagingScope(Scope):
    """Scopes of operations and dead letters."""

    OPERATIONS_READ = "operations:read"
    OPERATIONS_WRITE = "operations:write"


class MessagingAudited(Audited):
    """Events of dead letters."""

    LETTER_REQUEUED = "dead-letter.requeued"
    LETTER_DISCARDED = "dead-letter.discarded"

"""What an API key may do with operations and dead letters, and what is audited of them."""

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

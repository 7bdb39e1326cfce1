"""The scopes of daily reports."""

from app.core.queues import TASK_QUEUE
from app.security.principal import Scope


class ReportsScope(Scope):
    """Scopes of daily reports."""

    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"


SEEN_BY = {TASK_QUEUE: ReportsScope.REPORTS_READ}
"""The scopes that may see the commands of queues, and their results."""

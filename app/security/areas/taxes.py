"""The scopes and audit events of tax."""

from app.security.audited import Audited
from app.security.principal import Scope


class TaxesScope(Scope):
    """Scopes of settings of the whole shop, such as rates of tax."""

    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"


class TaxesAudited(Audited):
    """Events of rates of tax."""

    RATE_ADDED = "tax_rate.added"
    RATE_DELETED = "tax_rate.deleted"

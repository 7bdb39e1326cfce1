"""The audit events of exports and erasures."""

from app.security.audited import Audited


class DataAudited(Audited):
    """Events of exports and erasures of users."""

    USER_EXPORTED = "user.exported"
    USER_ERASED = "user.erased"

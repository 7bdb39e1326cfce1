"""The audit events of exports and erasures."""

from app.security.audited import Audited


class DataAudited(Audited):
    """Events of exports and erasures of users, and of guests by a proven e-mail address."""

    USER_EXPORTED = "user.exported"
    USER_ERASED = "user.erased"
    GUEST_ASKED = "guest.asked"
    GUEST_EXPORTED = "guest.exported"
    GUEST_ERASED = "guest.erased"

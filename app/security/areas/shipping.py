"""The audit events of shipping methods, which have the scopes of the settings of the shop."""

from app.security.audited import Audited


class ShippingAudited(Audited):
    """Events of shipping methods."""

    METHOD_ADDED = "shipping_method.added"
    METHOD_CHANGED = "shipping_method.changed"
    METHOD_DELETED = "shipping_method.deleted"

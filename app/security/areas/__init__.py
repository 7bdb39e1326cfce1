"""The scopes and audit events of all areas, one module per area.

A scope, an event or a queue is added in the module of its area; only a new enumeration is listed
here. The order is that of the API documents.
"""

from app.security.areas import catalogue, orders, reports
from app.security.areas.catalogue import CatalogueAudited, CatalogueScope
from app.security.areas.data import DataAudited
from app.security.areas.identity import ApiKeyAudited, IdentityAudited, IdentityScope
from app.security.areas.invoices import InvoicesScope
from app.security.areas.messaging import MessagingAudited, MessagingScope
from app.security.areas.orders import OrdersScope
from app.security.areas.payments import PaymentsAudited, PaymentsScope
from app.security.areas.prices import PricesScope
from app.security.areas.promotions import PromotionsAudited
from app.security.areas.reports import ReportsScope
from app.security.areas.shipping import ShippingAudited
from app.security.areas.system import SystemScope
from app.security.areas.taxes import TaxesAudited, TaxesScope
from app.security.audited import Audited
from app.security.principal import SYSTEM, Access, Caller, Scope

SCOPES: tuple[Scope, ...] = (
    *CatalogueScope,
    *PricesScope,
    *TaxesScope,
    *OrdersScope,
    *PaymentsScope,
    *InvoicesScope,
    *IdentityScope,
    *ReportsScope,
    *MessagingScope,
    *SystemScope,
)
AUDITED: tuple[Audited, ...] = (
    *IdentityAudited,
    *DataAudited,
    *CatalogueAudited,
    *TaxesAudited,
    *ShippingAudited,
    *PromotionsAudited,
    *PaymentsAudited,
    *ApiKeyAudited,
    *MessagingAudited,
)

_SEEN_BY: dict[str, Scope] = {**catalogue.SEEN_BY, **orders.SEEN_BY, **reports.SEEN_BY}
_SCOPES = {each.value: each for each in SCOPES}


def scope_of(value: str) -> Scope:
    """Return the scope of a stored value."""
    return _SCOPES[value]


def may_see_commands(caller: Caller, queue: str) -> bool:
    """Return whether a caller may see every resource that the commands of a queue change."""
    return caller == SYSTEM or caller.may(Access.STAFF, _SEEN_BY.get(queue))

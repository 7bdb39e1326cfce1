"""The tables of the shop under one name; each area has its own in `app/tables/`."""

# An area adds a name to its own module, which has `__all__`.
# pylint: disable=wildcard-import,unused-wildcard-import

from app.tables.base import *
from app.tables.carts import *
from app.tables.catalogue import *
from app.tables.fulfilment.cancellations import *
from app.tables.fulfilment.returns import *
from app.tables.fulfilment.shipments import *
from app.tables.identity import *
from app.tables.invoices import *
from app.tables.messaging import *
from app.tables.orders import *
from app.tables.payments import *
from app.tables.prices import *
from app.tables.products.facets import *
from app.tables.products.images import *
from app.tables.promotions import *
from app.tables.reports import *
from app.tables.shipping import *
from app.tables.system import *
from app.tables.taxes import *

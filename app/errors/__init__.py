"""Domain errors; each class has its problem code, title and HTTP status.

DomainError
├── InvalidInput 400
├── Unauthenticated 401
├── Forbidden 403
├── NotFound 404
├── RequestTimeout 408
├── Conflict 409
├── PreconditionFailed 412
├── PayloadTooLarge 413
├── UnsupportedMediaType 415
├── TooManyRequests 429
└── Unavailable 503

Each area derives its own errors from these, in the module with its name.
"""

# Each area lists its errors in the `__all__` of its own module.
# pylint: disable=wildcard-import,unused-wildcard-import

from app.errors.base import *
from app.errors.carts import *
from app.errors.catalogue import *
from app.errors.identity import *
from app.errors.invoices import *
from app.errors.messaging import *
from app.errors.orders import *
from app.errors.payments import *
from app.errors.prices import *
from app.errors.promotions import *
from app.errors.reports import *
from app.errors.shipping import *
from app.errors.system import *
from app.errors.taxes import *

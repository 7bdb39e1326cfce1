"""Refusals of the shop; each class knows its code and its HTTP status.

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

Each area derives its own from these, in a module that has its name.
"""

# An area adds a name in its own module, which has `__all__`.
# pylint: disable=wildcard-import,unused-wildcard-import

from app.errors.base import *
from app.errors.catalogue import *
from app.errors.identity import *
from app.errors.messaging import *
from app.errors.orders import *
from app.errors.reports import *
from app.errors.system import *

"""Refusals of the shop; each class knows its code and its HTTP status.

DomainError
├── InvalidInput 400
├── Unauthenticated 401: InvalidToken, InvalidCredentials, RefreshTokenReused
├── Forbidden 403
├── NotFound 404: UserNotFound, AddressNotFound, ProductNotFound, OrderNotFound,
│   SessionNotFound, ApiKeyNotFound, DeadLetterNotFound, OperationNotFound, ReportNotFound
├── RequestTimeout 408
├── Conflict 409: EmailTaken, UsernameTaken, TooManyAddresses, SkuTaken, InsufficientStock,
│   ProductNotForSale, UserNotActive, IllegalTransition, LastAdmin, OrderExists,
│   NotAppliedAgain, RequestInProgress, DayNotOver, ReportInProgress, ReportUnbalanced
├── PreconditionFailed 412
├── PayloadTooLarge 413
├── UnsupportedMediaType 415
├── IdempotencyKeyReused 422
├── TooManyRequests 429
└── Unavailable 503
"""

from app.errors.base import (
    Conflict,
    DomainError,
    Forbidden,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    RequestTimeout,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from app.errors.catalogue import InsufficientStock, ProductNotForSale, ProductNotFound, SkuTaken
from app.errors.identity import (
    AddressNotFound,
    ApiKeyNotFound,
    EmailTaken,
    InvalidCredentials,
    InvalidToken,
    LastAdmin,
    RefreshTokenReused,
    SessionNotFound,
    TooManyAddresses,
    UsernameTaken,
    UserNotActive,
    UserNotFound,
)
from app.errors.messaging import DeadLetterNotFound, NotAppliedAgain, OperationNotFound
from app.errors.orders import IllegalTransition, OrderExists, OrderNotFound
from app.errors.reports import DayNotOver, ReportInProgress, ReportNotFound, ReportUnbalanced
from app.errors.system import IdempotencyKeyReused, RequestInProgress

__all__ = [
    "AddressNotFound",
    "ApiKeyNotFound",
    "Conflict",
    "DayNotOver",
    "DeadLetterNotFound",
    "DomainError",
    "EmailTaken",
    "Forbidden",
    "IdempotencyKeyReused",
    "IllegalTransition",
    "InsufficientStock",
    "InvalidCredentials",
    "InvalidInput",
    "InvalidToken",
    "LastAdmin",
    "NotAppliedAgain",
    "NotFound",
    "OperationNotFound",
    "OrderExists",
    "OrderNotFound",
    "PayloadTooLarge",
    "PreconditionFailed",
    "ProductNotForSale",
    "ProductNotFound",
    "RefreshTokenReused",
    "ReportInProgress",
    "ReportNotFound",
    "ReportUnbalanced",
    "RequestInProgress",
    "RequestTimeout",
    "SessionNotFound",
    "SkuTaken",
    "TooManyAddresses",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedMediaType",
    "UserNotActive",
    "UserNotFound",
    "UsernameTaken",
]

"""Signed tokens (JWT, RFC 7519, following RFC 8725) and random secrets."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import jwt
from msgspec import Struct

from app.core.clock import Clock
from app.errors import InvalidToken

_ALGORITHM = "HS256"
_ISSUER = "lavka"
_AUDIENCE = "lavka-api"
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti", "typ"]
_RANDOM_BYTES = 32


class TokenKind(StrEnum):
    """The one purpose for which a token is valid."""

    ACCESS = "access"
    REFRESH = "refresh"
    RESET_PASSWORD = "reset-password"  # nosec B105  # the name of a kind
    VERIFY_EMAIL = "verify-email"


class Claims(Struct, frozen=True):
    """The claims of a token."""

    subject: UUID
    expires_at: datetime
    more: dict[str, Any]


class Tokens:
    """Signs tokens with the newest key and verifies them with every key."""

    def __init__(self, clock: Clock, *keys: bytes) -> None:
        self._clock = clock
        self.keys = keys

    def issue(self, kind: TokenKind, subject: UUID, lifetime: timedelta, **more: str) -> str:
        """Return a signed token."""
        now = self._clock.now()
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(subject),
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "jti": secrets.token_urlsafe(12),
            "typ": kind.value,
            **more,
        }
        return jwt.encode(payload, self.keys[0], algorithm=_ALGORITHM)

    def read(self, kind: TokenKind, token: str) -> Claims:
        """Return the claims of a token of a kind.

        Raises:
            InvalidToken: the token was not issued by the shop, is of another kind or has expired.
        """
        payload = self._payload(token)
        try:
            expires_at = datetime.fromtimestamp(payload.pop("exp"), UTC)
            subject = UUID(payload.pop("sub"))
        except (TypeError, ValueError, OverflowError, OSError) as error:
            raise InvalidToken("the token was not issued by this shop") from error
        if payload["typ"] != kind:
            raise InvalidToken(f"the token is not of kind {kind}")
        if expires_at <= self._clock.now():
            raise InvalidToken("the token has expired")
        return Claims(subject, expires_at, payload)

    def _payload(self, token: str) -> dict[str, Any]:
        for key in self.keys:
            try:
                return jwt.decode(
                    token,
                    key,
                    algorithms=[_ALGORITHM],
                    audience=_AUDIENCE,
                    issuer=_ISSUER,
                    # The shop's own clock decides on the expiry.
                    options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise InvalidToken("the token was not issued by this shop") from error
        raise InvalidToken("the token was not issued by this shop")


def random_secret() -> str:
    """Return a random secret."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(secret: str) -> bytes:
    """Return the digest to store for a random secret or a signed token, which need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()

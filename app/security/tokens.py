"""Signed tokens (JWT, RFC 7519, under the advice of RFC 8725) and random ones."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import jwt

from app.core.clock import Clock
from app.errors import InvalidToken

_ALGORITHM = "HS256"
_ISSUER = "lavka"
_AUDIENCE = "lavka-api"
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti", "typ"]
_RANDOM_BYTES = 32


class TokenKind(StrEnum):
    """What a token is good for, and for nothing else."""

    ACCESS = "access"
    REFRESH = "refresh"
    RESET_PASSWORD = "reset-password"  # nosec B105  # the name of a kind
    VERIFY_EMAIL = "verify-email"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    subject: UUID
    expires_at: datetime
    more: dict[str, Any]


class Tokens:
    """Signs tokens with the newest key, and reads those of every key."""

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
        """Return what a token of a kind says.

        Raises:
            InvalidToken: it is not signed by us, is of another kind, or its time is over.
        """
        payload = self._payload(token)
        try:
            expires_at = datetime.fromtimestamp(payload.pop("exp"), UTC)
            subject = UUID(payload.pop("sub"))
        except (TypeError, ValueError, OverflowError, OSError) as error:
            raise InvalidToken("the token is not one of ours") from error
        if payload["typ"] != kind:
            raise InvalidToken(f"the token is not one of kind {kind}")
        if expires_at <= self._clock.now():
            raise InvalidToken("the token's time is over")
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
                    # The time is judged by the shop's own clock.
                    options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise InvalidToken("the token is not one of ours") from error
        raise InvalidToken("the token is not one of ours")


def random_secret() -> str:
    """Return a text that nobody guesses."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a random secret or a signed token, which need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()

"""Repeats the first response to a repeated request (by the rules of Stripe and the IETF draft)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.core.clock import Clock
from app.errors import IdempotencyKeyReused, RequestInProgress
from app.models import IdempotencyKey, UserRole
from app.repositories.system.idempotency_repository import IdempotencyRepository

RETENTION = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    """The response that was sent to the caller."""

    status: int
    headers: dict[str, str]
    body: bytes
    role: UserRole | None = None
    """The role of the caller, if the caller is a user."""


class IdempotencyService:
    """Stores the first response for each caller and key in the transaction of its effect."""

    def __init__(self, keys: IdempotencyRepository, secrets: Sequence[bytes], clock: Clock) -> None:
        self._keys = keys
        self._secrets = secrets
        self._clock = clock

    async def begin(
        self, caller: str, role: UserRole | None, key: str, fingerprints: Sequence[bytes]
    ) -> Answer | None:
        """Reserve a key until the transaction ends; return the first response if it exists.

        A refusal of a caller who had another role does not count: it had no effect.

        Raises:
            RequestInProgress: the first request with the key is still running.
            IdempotencyKeyReused: the first request with the key was another one.
        """
        if not await self._keys.try_lock(caller, key):
            raise RequestInProgress(
                "the first request with this key is still running", retry_after_seconds=1
            )
        row = await self._keys.get(caller, key)
        if row is None:
            return None
        is_outdated = row.status >= 400 and row.role is not role
        if row.expires_at <= self._clock.now() or is_outdated:
            await self._keys.delete(row)
            return None
        if row.fingerprint not in fingerprints:
            raise IdempotencyKeyReused("the key was used for another request", idempotency_key=key)
        return Answer(row.status, row.headers, row.body, row.role)

    async def finish(self, caller: str, key: str, fingerprint: bytes, answer: Answer) -> None:
        """Store the response for 24 hours."""
        await self._keys.add(
            IdempotencyKey(
                caller=caller,
                key=key,
                fingerprint=fingerprint,
                role=answer.role,
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                expires_at=self._clock.now() + RETENTION,
            )
        )

    async def delete_expired(self) -> None:
        """Delete the responses that have expired."""
        await self._keys.delete_expired(self._clock.now())

    def fingerprints_of(self, method: str, path: str, body: bytes) -> list[bytes]:
        """Return the fingerprints of a request under each secret, the newest first.

        They are keyed: a plain hash would reveal the password in the body of a registration.
        """
        parts = b"\0".join((method.encode(), path.encode(), body))
        return [
            hashlib.blake2b(parts, digest_size=32, key=secret).digest() for secret in self._secrets
        ]

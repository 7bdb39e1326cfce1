"""Repeats the first response to a repeated request (by the rules of Stripe and the IETF draft)."""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from app.core.clock import Clock
from app.errors import DomainError, IdempotencyKeyReused, RequestInProgress
from app.models import UserRole
from app.repositories.system.idempotency_repository import IdempotencyRepository, StoredAnswer

RETENTION = timedelta(hours=24)
# Responses that do not describe an effect: the same request may succeed next time.
_NOT_STORED = frozenset({400, 401, 403, 408, 413, 415, 422, 429})
# The answers to a caller who may not do something, or may not see its subject. Other refusals of a
# repeated request mean that its effect exists.
_REFUSES_RIGHTS = frozenset({400, 401, 403, 404})
# How often, and after how many seconds, a repeated form looks for the first response.
_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_STORED_HEADERS = ("content-type", "location", "etag")


class Answer(Struct, frozen=True):
    """The response that was sent to the caller."""

    status: int
    headers: dict[str, str]
    body: bytes
    role: UserRole | None = None
    """The role of the caller, if the caller is a user."""

    def replayed(self) -> "Answer":
        """Return the response as that to a repeated request."""
        return replace(self, headers=self.headers | {"idempotency-replayed": "true"})


class KeyClaim(Struct, frozen=True):
    """A request with an idempotency key."""

    caller: str
    role: UserRole | None
    """The role of the caller, if the caller is a user."""
    key: str
    fingerprints: Sequence[bytes]
    """The fingerprints of the request under each secret, the newest first."""

    @property
    def owned_key(self) -> tuple[str, str]:
        """The key with the caller, which together identify the request."""
        return self.caller, self.key


def guest_name(token_digest: bytes) -> str:
    """Return the name under which the responses to the guest of a cart are stored."""
    return f"guest {token_digest.hex()}"


def refuses_rights(status: int) -> bool:
    """Return whether the response to a repeated request means that the caller has lost a right.

    For an internal error, this is unknown.
    """
    return status in _REFUSES_RIGHTS or status >= 500


def request_in_progress() -> RequestInProgress:
    """Return the refusal of a request whose key is in use."""
    return RequestInProgress(
        "the first request with this key is still running", retry_after_seconds=1
    )


class IdempotencyService:
    """Stores the first response for each caller and key in the transaction of its effect."""

    def __init__(self, keys: IdempotencyRepository, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def begin(self, claim: KeyClaim) -> Answer | None:
        """Reserve a key until the transaction ends; return the first response if it exists.

        Raises:
            RequestInProgress: the first request with the key is still running.
            IdempotencyKeyReused: the first request with the key was another one.
        """
        (first,) = await self.begin_many([claim])
        if isinstance(first, DomainError):
            raise first
        return first

    async def begin_patiently(self, claim: KeyClaim) -> Answer | None:
        """Reserve a key as `begin` does, but wait some seconds for a first request.

        A browser that sends a form twice shows only the second response.
        """
        for seconds in _WAITS:
            try:
                return await self.begin(claim)
            except RequestInProgress:
                await asyncio.sleep(seconds)
        return await self.begin(claim)

    async def begin_many(self, claims: Sequence[KeyClaim]) -> list[Answer | DomainError | None]:
        """Reserve different keys until the transaction ends.

        Return for each key the first response, the refusal, or None for a new request. A refusal
        under another role of the caller does not count: it had no effect.
        """
        free = await self._keys.try_lock([each.owned_key for each in claims])
        rows = await self._keys.get_all(free)
        outdated = [
            each.owned_key
            for each in claims
            if (row := rows.get(each.owned_key)) is not None and self._is_outdated(row, each)
        ]
        if outdated:
            await self._keys.delete(outdated)
        return [
            (
                _first_of(each, None if each.owned_key in outdated else rows.get(each.owned_key))
                if each.owned_key in free
                else request_in_progress()
            )
            for each in claims
        ]

    def _is_outdated(self, row: StoredAnswer, claim: KeyClaim) -> bool:
        is_of_other_role = row.status >= 400 and row.role is not claim.role
        return row.expires_at <= self._clock.now() or is_of_other_role

    async def finish(self, claim: KeyClaim, answer: Answer) -> None:
        """Store the response for 24 hours, unless the same request may succeed next time."""
        await self.finish_many([(claim, answer)])

    async def finish_many(self, answered: Collection[tuple[KeyClaim, Answer]]) -> None:
        """Store responses for 24 hours, except for those whose requests may succeed next time."""
        expires_at = self._clock.now() + RETENTION
        await self._keys.add(
            [
                StoredAnswer(
                    caller=claim.caller,
                    key=claim.key,
                    fingerprint=claim.fingerprints[0],
                    role=claim.role,
                    status=answer.status,
                    headers={
                        name: value
                        for name, value in answer.headers.items()
                        if name in _STORED_HEADERS
                    },
                    body=answer.body,
                    expires_at=expires_at,
                )
                for claim, answer in answered
                if answer.status not in _NOT_STORED
            ]
        )

    async def delete_of_guest(self, token_digest: bytes) -> None:
        """Delete the responses to the guest of a cart."""
        await self._keys.delete_of_caller(guest_name(token_digest))

    async def delete_expired(self) -> None:
        """Delete the responses that have expired."""
        await self._keys.delete_expired(self._clock.now())


def fingerprints_of(secrets: Sequence[bytes], method: str, path: str, body: bytes) -> list[bytes]:
    """Return the fingerprints of a request under each secret, the newest first.

    The hashes are keyed: a plain hash would reveal the password in the body of a registration.
    """
    parts = b"\0".join((method.encode(), path.encode(), body))
    return [hashlib.blake2b(parts, digest_size=32, key=secret).digest() for secret in secrets]


def _first_of(claim: KeyClaim, row: StoredAnswer | None) -> Answer | DomainError | None:
    if row is None:
        return None
    if row.fingerprint not in claim.fingerprints:
        return IdempotencyKeyReused(
            "the key was used for another request", idempotency_key=claim.key
        )
    return Answer(row.status, row.headers, row.body, row.role)

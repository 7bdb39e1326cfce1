"""Passwords: what is a good one, and how it is kept (argon2id, RFC 9106)."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import InvalidInput, Unavailable

_AT_ONCE = 4
_MAX_WAITING = 64
# A name of three letters is in too many good passwords.
_MIN_NAME_LENGTH = 4
_COMMON = Path(__file__).parent / "common_passwords.txt"

Result = TypeVar("Result")


class Passwords:
    """Hashes and verifies passwords in threads, few at once: each takes a core and 19 MiB."""

    def __init__(self, *, memory_kib: int, iterations: int) -> None:
        self._hasher = PasswordHasher(
            memory_cost=memory_kib, time_cost=iterations, parallelism=1, hash_len=32, salt_len=16
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Return what is kept of a password.

        Raises:
            Unavailable: too many are being hashed already.
        """
        return await self._in_thread(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, password: str, kept: str | None) -> bool:
        """Tell whether a password is the kept one; of nobody's it takes as long to say no.

        Raises:
            Unavailable: too many are being hashed already.
        """
        return await self._in_thread(lambda: self._matches(password, kept))

    def is_outdated(self, kept: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    def _matches(self, password: str, kept: str | None) -> bool:
        if kept is None:
            if self._nobodys is None:
                self._nobodys = self._hasher.hash("nobody's")
            kept, is_somebodys = self._nobodys, False
        else:
            is_somebodys = True
        try:
            self._hasher.verify(kept, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return is_somebodys

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= _MAX_WAITING:
            raise Unavailable("too many log-ins at once, try again", retry_after_seconds=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def require_strong(password: str, field: str, *names: str) -> None:
    """Let a password through that is neither common nor made of the user's own names.

    Its length is for the schema to judge. NIST SP 800-63B, section 3.1.1.2.

    Raises:
        InvalidInput: naming the field, with the reason.
    """
    folded = _normal(password).casefold()
    if folded in _common():
        reason = "is one of the passwords that are tried first"
    elif any(len(name) >= _MIN_NAME_LENGTH and name.casefold() in folded for name in names):
        reason = "must not have the username or the e-mail address in it"
    else:
        return
    raise InvalidInput(
        "the password is not good enough", [{"pointer": f"#/{field}", "detail": reason}]
    )


def _normal(password: str) -> str:
    # The same key strokes send composed or decomposed letters, by the system they are made on.
    return unicodedata.normalize("NFC", password)


@lru_cache
def _common() -> frozenset[str]:
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))

"""Password rules and password hashes (argon2id, RFC 9106)."""

import asyncio
import unicodedata
from base64 import b64encode
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
# Names of three letters occur in too many strong passwords.
_MIN_NAME_LENGTH = 4
_COMMON = Path(__file__).parent / "common_passwords.txt"

Result = TypeVar("Result")


class Passwords:
    """Hashes and verifies passwords in threads, few at a time: each takes a core and 19 MiB."""

    def __init__(self, *, memory_kib: int, iterations: int) -> None:
        self._hasher = PasswordHasher(
            memory_cost=memory_kib, time_cost=iterations, parallelism=1, hash_len=32, salt_len=16
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        # The hash of a random password, so that the first log-in with an unknown name costs the
        # same, too.
        salt, digest = (b64encode(bytes(size)).decode().rstrip("=") for size in (16, 32))
        self._dummy_hash = f"$argon2id$v=19$m={memory_kib},t={iterations},p=1${salt}${digest}"

    async def hash(self, password: str) -> str:
        """Return the hash to store for a password.

        Raises:
            Unavailable: too many passwords are being hashed already.
        """
        return await self._in_thread(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether a password matches a stored hash; without a hash, it takes the same time.

        Raises:
            Unavailable: too many passwords are being hashed already.
        """
        return await self._in_thread(lambda: self._matches(password, stored))

    def is_outdated(self, stored: str) -> bool:
        """Return whether a hash was made with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=False)

    def _matches(self, password: str, stored: str | None) -> bool:
        try:
            self._hasher.verify(stored or self._dummy_hash, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= _MAX_WAITING:
            raise Unavailable("too many log-ins at once, try again", retry_after_seconds=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def require_strong(password: str, field: str, *names: str) -> None:
    """Reject a password that is common or contains a name of the user.

    The schema checks its length. See NIST SP 800-63B, section 3.1.1.2.

    Raises:
        InvalidInput: naming the field, with the reason.
    """
    folded = _normal(password).casefold()
    if folded in _common():
        reason = "is too common"
    elif any(len(name) >= _MIN_NAME_LENGTH and name.casefold() in folded for name in names):
        reason = "must not contain the username or the e-mail address"
    else:
        return
    raise InvalidInput("the password is too weak", [{"pointer": f"#/{field}", "detail": reason}])


def _normal(password: str) -> str:
    # The same keys produce composed or decomposed letters, depending on the system.
    return unicodedata.normalize("NFC", password)


@lru_cache
def _common() -> frozenset[str]:
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))

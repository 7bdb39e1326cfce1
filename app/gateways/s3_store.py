"""A store of files in a bucket of S3, or of a server that speaks its protocol."""

import logging
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import Unavailable
from app.gateways.storage import StoredFile, require_key
from app.settings import InvalidSettings

if TYPE_CHECKING:
    from obstore.store import S3Store as Bucket

logger = logging.getLogger(__name__)

_RENDITION = ".webp"
_ATTRIBUTES = {"Content-Type": "image/webp", "Cache-Control": "public, max-age=31536000, immutable"}
_ANSWER_SECONDS = 20
_RETRY = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=15),
    "backoff": {
        "base": 2,
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=2),
    },
}


class BucketStore:
    """Files in a bucket; the variables `AWS_…` contain its location and the account of the shop."""

    def __init__(self, bucket: str, prefix: str) -> None:
        """Open no connection yet: the first call does.

        Raises:
            InvalidSettings: the package for S3 is not installed.
        """
        try:
            # The library is installed only for shops with a bucket.
            from obstore.exceptions import BaseError  # pylint: disable=import-outside-toplevel
            from obstore.store import S3Store  # pylint: disable=import-outside-toplevel
        except ImportError as error:
            raise InvalidSettings(
                "MEDIA_STORE: s3:// needs another package; "
                "install it with `uv sync --extra s3` or `pip install lavka[s3]`"
            ) from error
        self._faults = (BaseError, OSError)
        is_plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        self._bucket: Bucket = S3Store(
            bucket,
            prefix=prefix or None,
            client_options={"timeout": f"{_ANSWER_SECONDS}s", "allow_http": is_plain},
            retry_config=_RETRY,  # type: ignore[arg-type]  # a dictionary of its own type
        )

    async def put(self, key: str, source: Path | bytes) -> None:
        """Store a file completely or not at all; an existing one is replaced.

        Raises:
            Unavailable: the bucket does not take it.
        """
        require_key(key)
        attributes = _ATTRIBUTES if key.endswith(_RENDITION) else None
        try:
            await self._bucket.put_async(key, source, attributes=attributes)
        except self._faults as error:
            raise _unavailable(error) from error

    async def open(self, key: str) -> StoredFile | None:
        """Return a file, or None if it does not exist.

        Raises:
            Unavailable: the bucket does not give it.
        """
        require_key(key)
        try:
            found = await self._bucket.get_async(key)
        except FileNotFoundError:
            return None
        except self._faults as error:
            raise _unavailable(error) from error
        return StoredFile(found.meta["size"], _parts(found))

    async def delete(self, key: str) -> None:
        """Delete a file, if it exists.

        Raises:
            Unavailable: the bucket does not delete it.
        """
        require_key(key)
        try:
            await self._bucket.delete_async(key)
        except FileNotFoundError:
            return
        except self._faults as error:
            raise _unavailable(error) from error


async def _parts(found: Any) -> AsyncIterator[bytes]:
    async for part in found.stream():
        yield bytes(part)


def _unavailable(error: Exception) -> Unavailable:
    # The text of the error may contain the address with a signature.
    logger.error("the bucket of the files: %s", type(error).__name__)
    return Unavailable("the files of the shop cannot be read or written", retry_after_seconds=5)

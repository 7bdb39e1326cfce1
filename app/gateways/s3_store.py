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
    """Files in a bucket; the variables `AWS_…` say where it is and who the shop is."""

    def __init__(self, bucket: str, prefix: str) -> None:
        """Name a bucket; nothing is sent yet.

        Raises:
            InvalidSettings: the package for S3 is not installed.
        """
        try:
            # Needed by shops with a bucket only, and installed for them only.
            from obstore.exceptions import BaseError  # pylint: disable=import-outside-toplevel
            from obstore.store import S3Store  # pylint: disable=import-outside-toplevel
        except ImportError as error:
            raise InvalidSettings(
                "MEDIA_STORE: s3:// needs a package more; install it with "
                "`uv sync --extra s3` or `pip install lavka[s3]`"
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
        """Store a file as a whole or not at all, also if it is there already.

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
        """Return a file, or None if there is none.

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
        """Delete a file, if there is one.

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
    # Its text may have the address with a signature.
    logger.error("the bucket of the files: %s", type(error).__name__)
    return Unavailable("the files of the shop cannot be read or written", retry_after_seconds=5)

"""The tokens by which the shop recognises its own forms."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence

_LENGTH = 32


def form_token(keys: Sequence[bytes], owner: str) -> str:
    """Return the token of the forms of a log-in, or of guests; other sites cannot know it."""
    return _token(keys[0], owner)


def is_form_token(keys: Sequence[bytes], owner: str, token: str) -> bool:
    """Return whether a token is that of an owner, under any of the keys of the shop."""
    given = token.encode()
    return any(hmac.compare_digest(_token(key, owner).encode(), given) for key in keys)


def _token(key: bytes, owner: str) -> str:
    digest = hmac.digest(key, f"form of {owner}".encode(), "sha256")
    return urlsafe_b64encode(digest)[:_LENGTH].decode()

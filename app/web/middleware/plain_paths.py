"""Refuses paths that a proxy in front may read as other paths."""

from litestar.types import HTTPScope

from app.errors import NotFound

_DOTS = frozenset({".", ".."})
_ENCODED_SLASHES = (b"%2f", b"%2F", b"%5c", b"%5C")


def require_plain_path(scope: HTTPScope) -> None:
    """Let a request through if its path has no empty segment, dot segment or encoded slash.

    The router ignores empty segments, so that `//metrics` would pass a proxy's rule for `/metrics`.
    One slash at the end is allowed.

    Raises:
        NotFound: the path has such a segment or slash.
    """
    path, raw_path = scope["path"], scope.get("raw_path", b"")
    # Most paths have neither a dot nor an escape.
    has_dots = "." in path and not _DOTS.isdisjoint(path.split("/"))
    is_encoded = b"%" in raw_path and any(each in raw_path for each in _ENCODED_SLASHES)
    if has_dots or is_encoded or "//" in path or "\\" in path:
        raise NotFound("the path has an empty segment, a dot segment or an encoded slash")

"""Which paths are those of pages, and not of the API or of what belongs to it."""

_OTHERS = ("/api", "/docs", "/health", "/media", "/metrics", "/test-bank")
_BELOW = tuple(each + "/" for each in _OTHERS)


def is_page(path: str) -> bool:
    """Return whether a path is that of a page; whatever is not known is one."""
    return path not in _OTHERS and not path.startswith(_BELOW)

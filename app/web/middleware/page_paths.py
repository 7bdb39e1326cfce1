"""Which paths are those of pages, and not of the API or of what belongs to it."""

_OTHERS = ("/api", "/docs", "/health", "/media", "/metrics", "/test-bank")


def is_page(path: str) -> bool:
    """Return whether a path is that of a page; whatever is not known is one."""
    return not any(path == each or path.startswith(each + "/") for each in _OTHERS)

"""Distinguishes the paths of pages from those of the API and its documents."""

_OTHERS = ("/api", "/docs", "/health", "/media", "/metrics", "/test-bank")
_BELOW = tuple(each + "/" for each in _OTHERS)


def is_page(path: str) -> bool:
    """Return whether a path is that of a page; an unknown path counts as one."""
    return path not in _OTHERS and not path.startswith(_BELOW)

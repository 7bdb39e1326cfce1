"""Hides an optional package from a library that is being imported."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Make imports of a package fail as if it were not installed, unless it is already imported."""
    modules = cast("dict[str, object]", sys.modules)
    if package in modules:
        yield
        return
    # This is the documented value for a module that must not be found.
    modules[package] = None
    try:
        yield
    finally:
        del modules[package]

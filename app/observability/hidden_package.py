"""Hides an optional package from the library that is imported."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Let imports of a package fail as if it were not installed, unless it is already imported."""
    modules = cast("dict[str, object]", sys.modules)
    if package in modules:
        yield
        return
    # The documented value of a module that must not be found.
    modules[package] = None
    try:
        yield
    finally:
        del modules[package]

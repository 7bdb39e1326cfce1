"""Moves the clock of a shop."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from app.wiring.resources import Shop


@contextmanager
def later(shop: Shop, by: timedelta) -> Iterator[None]:
    """Move the clock of a shop, and move it back."""
    shop.clock.move(by)
    try:
        yield
    finally:
        shop.clock.move(-by)

"""Evenly spread numbers between 0 and 1, so that equal times do not end together."""

_GOLDEN_RATIO = 0.6180339887498949


class Spread:
    """Yields numbers between 0 and 1, each far from the ones before it."""

    def __init__(self) -> None:
        self._last = 0.0

    def next(self) -> float:
        """Return the next number."""
        # Additive recurrence: of all constants, this one keeps the numbers farthest apart.
        self._last = (self._last + _GOLDEN_RATIO) % 1.0
        return self._last

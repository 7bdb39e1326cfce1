"""Limits the rate of a warning that every request would repeat."""

import logging
import math
import time
from collections.abc import Callable

_SECONDS = 60.0


class RareWarning:
    """Logs one warning at most once a minute."""

    def __init__(
        self, logger: logging.Logger, message: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._message = message
        self._now = now
        self._logged_at = -math.inf

    def log(self, reason: object) -> None:
        """Log the warning with a reason, unless one was logged less than a minute ago."""
        if self._now() - self._logged_at >= _SECONDS:
            self._logged_at = self._now()
            self._logger.warning(self._message, reason)

"""Limits the rate of a warning that would otherwise be repeated for as long as an outage lasts."""

import logging
import time
from collections.abc import Callable

_SECONDS = 600.0
_MAX_REASONS = 20


class RareWarning:
    """Logs a warning when its reason is new, and again every ten minutes while it lasts."""

    def __init__(
        self, logger: logging.Logger, message: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._message = message
        self._now = now
        self._logged_at: dict[str, float] = {}

    def log(self, reason: object) -> None:
        """Log the warning, unless one with the same reason was logged in the last ten minutes."""
        text, now = str(reason), self._now()
        recent = {each: at for each, at in self._logged_at.items() if now - at < _SECONDS}
        # Reasons that differ each time, for example in a port, are not logged more often.
        if text not in recent and len(recent) < _MAX_REASONS:
            recent[text] = now
            self._logger.warning(self._message, text)
        self._logged_at = recent

    def reset(self) -> bool:
        """Forget what was logged, because the outage has ended; return whether anything was."""
        was_logged = bool(self._logged_at)
        self._logged_at = {}
        return was_logged

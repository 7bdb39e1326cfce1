"""Limits how many streams or uploads are open in this process, by client and in total."""

from collections import Counter

from app.errors import TooManyRequests


class OpenLimit:
    """Counts open things of one kind, and refuses more than the limit."""

    def __init__(
        self, name: str, *, per_client: int, in_total: int, retry_after_seconds: int
    ) -> None:
        self._name = name
        self._per_client = per_client
        self._in_total = in_total
        self._retry_after_seconds = retry_after_seconds
        self._open: Counter[str] = Counter()
        self.open_count = 0
        """The number of open things of all clients."""

    def enter(self, client: str) -> None:
        """Count one more; a call of `leave` must follow.

        Raises:
            TooManyRequests: the client, or all clients together, have too many open.
        """
        if self._open[client] >= self._per_client or self.open_count >= self._in_total:
            raise TooManyRequests(
                f"too many {self._name} are open, try again later",
                retry_after_seconds=self._retry_after_seconds,
            )
        self._open[client] += 1
        self.open_count += 1

    def leave(self, client: str) -> None:
        """Count one less."""
        self._open[client] -= 1
        self.open_count -= 1
        if not self._open[client]:
            del self._open[client]

"""The single source of the current time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """Returns the current time in UTC; tests and demos can move it.

    With a file, the clock moves in every process that uses the same file, which contains the offset
    in seconds.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._offset = timedelta()
        self._file = file
        self._seen_ns: int | None = None

    def now(self) -> datetime:
        """Return the current time as an aware UTC datetime."""
        if self._file is not None:
            self._read(self._file)
        return datetime.now(UTC) + self._offset

    def move(self, by: timedelta) -> None:
        """Move the clock by a time span, in addition to earlier moves."""
        if self._file is not None:
            self._read(self._file)
        self._offset += by
        if self._file is not None:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The file is replaced by a rename: a concurrent reader sees the complete old or new
            # content.
            written = self._file.with_suffix(".new")
            written.write_text(repr(self._offset.total_seconds()), encoding="ascii")
            written.replace(self._file)

    def _read(self, file: Path) -> None:
        try:
            changed_ns = file.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed_ns != self._seen_ns:
            self._offset = timedelta(seconds=float(file.read_text(encoding="ascii")))
            self._seen_ns = changed_ns

"""The one source of the present time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """Tells the time in UTC; tests and demos move it.

    With a file, it is moved for every process that has the same one: the file says by how many
    seconds.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._offset = timedelta()
        self._file = file
        self._seen_ns: int | None = None

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        if self._file is not None:
            self._read(self._file)
        return datetime.now(UTC) + self._offset

    def move(self, by: timedelta) -> None:
        """Move the present by a span, on top of earlier moves."""
        if self._file is not None:
            self._read(self._file)
        self._offset += by
        if self._file is not None:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A rename: whoever reads it meanwhile has the whole of the one or of the other.
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

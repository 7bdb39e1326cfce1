"""One line for each request, message and task, written in batches."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from app.observability.tracing import current_trace_id

_FLUSH_SECONDS = 0.5
_MAX_LINES = 500
# POSIX: a write of at most this size to a pipe is not mixed with the writes of other processes.
_ATOMIC_BYTES = 4_096
_LONGEST_PATH = 200


class AccessLog:
    """Collects lines and writes them to standard error, in the format of all other lines."""

    def __init__(self, form: Literal["json", "console"] | None) -> None:
        self._form = form or ("console" if sys.stderr.isatty() else "json")
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def request(
        self, method: str, path: str, status: int, seconds: float, request_id: str, address: str
    ) -> None:
        """Add a request without its query string and body, which may contain personal data."""
        path = path[:_LONGEST_PATH]
        if not path.isascii():
            path = path.encode(errors="backslashreplace").decode()
        self._add(
            f"{method[:20]} {path!r} {status}",
            "access.http",
            seconds,
            request_id,
            {"method": method[:20], "path": path, "status": status, "address": address},
        )

    def message(
        self, queue: str, message_id: str, outcome: str, seconds: float, request_id: str | None
    ) -> None:
        """Add a message whose outcome is committed."""
        self._add(
            f"message of queue {queue} {outcome}",
            "access.messages",
            seconds,
            request_id,
            {"queue": queue, "message_id": message_id, "outcome": outcome},
        )

    def task(self, name: str, outcome: str, seconds: float, request_id: str | None) -> None:
        """Add a task of TaskIQ that has ended."""
        said = f"task {name} {outcome}"
        self._add(said, "access.tasks", seconds, request_id, {"task": name, "outcome": outcome})

    def flush(self) -> None:
        """Write the collected lines."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        chunk = b""
        for line in lines:
            if chunk and len(chunk) + len(line) > _ATOMIC_BYTES:
                _write(chunk)
                chunk = b""
            chunk += line
        if chunk:
            _write(chunk)

    def _add(
        self, event: str, logger: str, seconds: float, request_id: str | None, more: dict[str, Any]
    ) -> None:
        line = {
            **more,
            "duration_ms": round(seconds * 1_000, 2),
            "event": event,
            "level": "info",
            "logger": logger,
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        if request_id is not None:
            line["request_id"] = request_id
        if (trace_id := current_trace_id()) is not None:
            line["trace_id"] = trace_id
        self._lines.append(self._written(line))
        if len(self._lines) >= _MAX_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def _written(self, line: dict[str, Any]) -> bytes:
        if self._form == "json":
            return msgspec.json.encode(line) + b"\n"
        request_id = f" request_id={line['request_id']}" if "request_id" in line else ""
        event = f"{line['timestamp']} [info     ] {line['event']} [{line['logger']}]"
        return f"{event} {line['duration_ms']} ms{request_id}\n".encode()


def _write(chunk: bytes) -> None:
    sys.stderr.write(chunk.decode())
    sys.stderr.flush()

"""A filter for the log records of the libraries for RabbitMQ and TaskIQ."""

import asyncio
import logging
import time
from collections.abc import Callable

_CLIENTS = ("aio_pika", "aiormq")
_TASKS = "taskiq"
_SERVER = "_granian"
_SECONDS = 600.0


class LibraryLogs(logging.Filter):
    """Shortens the records of libraries, which otherwise repeat an outage for as long as it lasts.

    Each kind of warning of the clients of RabbitMQ is logged once in ten minutes, without a
    traceback. Warnings of TaskIQ are logged without the bodies of messages.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._logged_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged, and shorten it."""
        library = record.name.partition(".")[0]
        if library in (*_CLIENTS, _TASKS) and record.levelno < logging.WARNING:
            return False
        if library in _CLIENTS:
            return self._filter_client(record)
        if library == _SERVER and "CancelledError" in record.getMessage():
            # The server cancels the remaining requests when it stops.
            return False
        if library == _TASKS and _is_cancelled(record):
            # The process ends; the task runs again later.
            return False
        if library == _TASKS and "parse message" in str(record.msg):
            # The arguments of the record are the message and an error that quotes it.
            record.msg, record.args = "a message on the queue of tasks cannot be read", ()
            record.exc_info = record.exc_text = None
        return True

    def _filter_client(self, record: logging.LogRecord) -> bool:
        kind, now = (record.name, str(record.msg)), self._now()
        if now - self._logged_at.get(kind, -_SECONDS) < _SECONDS:
            return False
        self._logged_at[kind] = now
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            record.msg, record.args = "%s (%s: %s)", (
                record.getMessage(),
                type(error).__name__,
                error,
            )
        record.exc_info = record.exc_text = None
        return True


def _is_cancelled(record: logging.LogRecord) -> bool:
    return record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)

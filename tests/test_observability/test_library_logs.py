"""The log contains an outage once, no traceback of a client library, and no body of a message."""

import asyncio
import logging

import pytest

from app.observability.library_logs import LibraryLogs


@pytest.fixture(name="logs")
def filtered_logs(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log lines that pass the filter."""
    caplog.handler.addFilter(LibraryLogs(lambda: 1_000.0))
    caplog.set_level(logging.DEBUG)
    return caplog


def fail(logger: str, message: str, *arguments: object) -> None:
    """Log an error with a traceback."""
    try:
        raise ConnectionResetError("reset by peer")
    except ConnectionResetError:
        logging.getLogger(logger).exception(message, *arguments)


def test_a_warning_of_a_client_library_is_logged_once_and_without_a_traceback(
    logs: pytest.LogCaptureFixture,
) -> None:
    for number in range(3):
        fail("aio_pika.robust_connection", "attempt %d failed", number)
        logging.getLogger("aiormq.connection").info("connecting")
    assert logs.messages == ["attempt 0 failed (ConnectionResetError: reset by peer)"]
    assert "Traceback" not in logs.text


def test_a_task_message_that_cannot_be_read_is_logged_without_its_body(
    logs: pytest.LogCaptureFixture,
) -> None:
    fail("taskiq.receiver.receiver", "Cannot parse message: %s. Skipping\n %s", b"secret", "secret")
    assert logs.messages == ["a message on the queue of tasks cannot be read"]
    assert "secret" not in logs.text


def test_a_failed_task_is_logged_each_time_with_its_traceback(
    logs: pytest.LogCaptureFixture,
) -> None:
    for _ in range(2):
        fail("taskiq.receiver.receiver", "Exception found while executing function.")
        fail("app.jobs", "background task failed")
    assert len(logs.messages) == 4
    assert logs.text.count("Traceback") == 4


def test_a_task_that_is_cancelled_at_the_end_of_the_process_is_not_logged(
    logs: pytest.LogCaptureFixture,
) -> None:
    try:
        raise asyncio.CancelledError
    except asyncio.CancelledError:
        logging.getLogger("taskiq.receiver.receiver").exception("Exception found")
    assert logs.messages == []


def test_a_request_that_the_server_cancels_at_its_end_is_not_logged(
    logs: pytest.LogCaptureFixture,
) -> None:
    server = logging.getLogger("_granian.utils")
    for error in ("CancelledError: Future cancelled.", "ValueError: a fault"):
        server.error("Application callable raised an exception\nTraceback\n%s", error)
    assert [each.splitlines()[-1] for each in logs.messages] == ["ValueError: a fault"]

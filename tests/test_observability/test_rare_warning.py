"""A warning of a lasting fault is logged, and does not fill the log."""

import logging

import pytest

from app.observability.rare_warning import RareWarning


def test_a_warning_is_logged_once_a_minute_with_its_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 1_000.0
    warning = RareWarning(logging.getLogger("tests"), "it is down: %s", lambda: now)
    for moved, reason in ((0, "first"), (59, "second"), (1, "third"), (30, "fourth")):
        now += moved
        warning.log(reason)
    assert caplog.messages == ["it is down: first", "it is down: third"]

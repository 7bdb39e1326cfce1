"""A warning of a lasting fault is logged, and does not fill the log."""

import logging

import pytest

from app.observability.rare_warning import RareWarning


class Watch:
    """A clock that changes only when it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(name="watch")
def watch_of_the_test() -> Watch:
    """A clock for warnings."""
    return Watch()


@pytest.fixture(name="warning")
def warning_of_the_test(watch: Watch) -> RareWarning:
    """A warning that has not been logged."""
    return RareWarning(logging.getLogger("tests"), "it is down: %s", watch)


def test_a_reason_is_logged_once_in_ten_minutes_and_another_one_at_once(
    warning: RareWarning, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    for moved, reason in ((0, "A"), (599, "A"), (0, "B"), (1, "A"), (1, "B")):
        watch.now += moved
        warning.log(reason)
    assert caplog.messages == [f"it is down: {each}" for each in ("A", "B", "A")]


def test_changing_reasons_do_not_fill_the_log(
    warning: RareWarning, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1_000):
        watch.now += 0.5
        warning.log(number)
    assert len(caplog.messages) == 20


def test_after_its_end_an_outage_is_logged_again(
    warning: RareWarning, caplog: pytest.LogCaptureFixture
) -> None:
    assert not warning.reset()
    warning.log("A")
    assert warning.reset() and not warning.reset()
    warning.log("A")
    assert len(caplog.messages) == 2

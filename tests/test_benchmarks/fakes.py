"""Cases that measure nothing, and other fakes for the runner."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from benchmarks.cases.bench import Bench
from benchmarks.cases.case import Aim, Case, Measure
from benchmarks.runner.machine import Machine, Times
from benchmarks.runner.runner import Run, run_cases
from benchmarks.support.reading import NotMeasured, Reading

# Cases that measure nothing need no servers.
NO_BENCH = cast(Bench, None)
MACHINE = Machine(processor="a processor", cores=2, python="3.13.1", load=0.25, busy=0.031)


class Calls:
    """Measurements that return given values in turn and record their calls."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def of(self, name: str, values: Iterable[float], **details: float) -> Measure:
        """Return a measurement; its last value repeats."""
        left: Iterator[float] = iter([*values])
        last = 0.0

        def measure(_bench: Bench) -> Reading:
            nonlocal last
            self.names.append(name)
            last = next(left, last)
            return Reading(last, details)

        return measure

    def failing(self, error: BaseException) -> Measure:
        """Return a measurement that raises."""

        def measure(_bench: Bench) -> Reading:
            raise error

        return measure


def case(calls: Calls, name: str = "reads", **changes: Any) -> Case:
    """Return a case that makes half as many requests as its reference; the aim is 0.4."""
    values: dict[str, Any] = {
        "name": name,
        "title": f"`GET /{name}`",
        "measure": calls.of(name, [50, 60, 55]),
        "reference": calls.of(f"{name} reference", [100, 110, 105]),
        "against": "nothing but a server",
        "aim": Aim(0.4),
    }
    return Case(**values | changes)


def not_installed() -> NotMeasured:
    """Return the error of a case whose server is missing."""
    return NotMeasured("no RabbitMQ here")


def run(*cases: Case, told: list[str] | None = None) -> Run:
    """Measure cases three times each on an idle machine."""
    lines = [] if told is None else told
    return run_cases(cases, NO_BENCH, 3, lines.append, lambda: Times(0, 0, 0))

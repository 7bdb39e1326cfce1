"""Several processes, and many connections to one."""

from dataclasses import replace

from benchmarks.cases.bench import POSTGRES, TWO_PROCESSES, Bench
from benchmarks.cases.case import Aim, Case
from benchmarks.cases.reads import NEAR, products_over, read
from benchmarks.support.reading import Reading

_CONNECTIONS = 64
_MANY_CONNECTIONS = 512
# To open that many connections takes most of a second.
_LEAST_SECONDS = 2

_one_process = read(products_over(_CONNECTIONS), POSTGRES, "product", NEAR)
_crowded = read(products_over(_MANY_CONNECTIONS), POSTGRES, "product", NEAR, _LEAST_SECONDS)


def two_processes(bench: Bench) -> Reading:
    """Return the cached reads a second over connections that two processes share."""
    served = bench.shop(TWO_PROCESSES)
    load = products_over(_CONNECTIONS)(bench, served)
    # The metrics of one process do not show whether both have the products in their memory.
    bench.answered(load, served.url, 1)
    answered = bench.answered(load, served.url)
    return Reading(answered.per_second, {"p50_ms": answered.p50_ms, "p99_ms": answered.p99_ms})


def tail(bench: Bench) -> Reading:
    """Return the ratio of the 99th percentile of the durations of reads to the median."""
    reading = _crowded(bench)
    details = {**reading.details, "per_second": reading.value}
    return replace(reading, value=details["p99_ms"] / details["p50_ms"], details=details)


CASES = [
    Case(
        name="two-processes",
        title="cached reads, two web processes on two cores",
        measure=two_processes,
        reference=_one_process,
        against="one process",
        aim=Aim(1.7),
    ),
    Case(
        name="tail",
        title=f"p99 over p50 of cached reads, {_MANY_CONNECTIONS} connections",
        measure=tail,
        unit="",
        aim=Aim(4, is_most=True),
    ),
]

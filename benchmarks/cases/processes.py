"""Several processes, and many connections to one."""

from dataclasses import replace

from benchmarks.cases.bench import POSTGRES, TWO_PROCESSES, Bench
from benchmarks.cases.case import Aim, Case, Measure
from benchmarks.cases.reads import NEAR, Prepare, orders, products_over, read
from benchmarks.support.reading import Reading

_CONNECTIONS = 64
_MANY_CONNECTIONS = 512
# To open that many connections takes most of a second.
_LEAST_SECONDS = 2

_one_process = read(products_over(_CONNECTIONS), POSTGRES, "product", NEAR)
_orders_of_one = read(orders, POSTGRES, "order", NEAR)
_crowded = read(products_over(_MANY_CONNECTIONS), POSTGRES, "product", NEAR, _LEAST_SECONDS)


def by_two(prepare: Prepare) -> Measure:
    """Return the measurement of cached reads over connections that two processes share."""

    def measure(bench: Bench) -> Reading:
        served = bench.shop(TWO_PROCESSES)
        load = prepare(bench, served)
        # The metrics of one process do not show whether both have them in their memory.
        bench.answered(load, served.url, 1)
        answered = bench.answered(load, served.url)
        return Reading(answered.per_second, {"p50_ms": answered.p50_ms, "p99_ms": answered.p99_ms})

    return measure


def tail(bench: Bench) -> Reading:
    """Return the ratio of the 99th percentile of the durations of reads to the median."""
    reading = _crowded(bench)
    details = {**reading.details, "per_second": reading.value}
    return replace(reading, value=details["p99_ms"] / details["p50_ms"], details=details)


CASES = [
    Case(
        name="two-processes",
        title="cached products, two web processes on two cores",
        measure=by_two(products_over(_CONNECTIONS)),
        reference=_one_process,
        against="one process",
        aim=Aim(1.7),
    ),
    # A cached order takes five times the CPU time of a cached product, and wrk the same.
    Case(
        name="two-processes-orders",
        title="cached orders, two web processes on two cores",
        measure=by_two(orders),
        reference=_orders_of_one,
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

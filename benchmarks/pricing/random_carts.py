"""Prices carts at random, and compares each quote with exact fractions.

Then it plants each known mistake of other programs, which must be found. It exits with 1 if a quote
differs, or if a mistake is not found. With `--bug` it plants only that one.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import repeat
from random import Random

from app.pricing.quote import price
from tests.test_pricing.carts import NOW, random_cart
from tests.test_pricing.oracle import faults_of
from tests.test_pricing.planted import BUGS

_SHOWN = 3
_AT_ONCE = 1_000
_WITH_BUG = 2_000


@dataclass(frozen=True, slots=True)
class Found:
    """The results for some carts."""

    wrong: int
    seconds: float
    """The seconds of their quotes."""
    shown: tuple[str, ...]
    """Some of the carts that differ, and their differences."""


def compare(seed: str, count: int, bug: str | None) -> Found:
    """Price some carts, which depend on the seed alone, and compare their quotes."""
    random, wrong, seconds = Random(seed), 0, 0.0
    shown: list[str] = []
    with BUGS[bug]() if bug else nullcontext():
        for _ in range(count):
            cart = random_cart(random)
            began = time.perf_counter()
            quote = price(cart, NOW)
            seconds += time.perf_counter() - began
            if faults := faults_of(cart, quote, NOW):
                wrong += 1
                if wrong <= _SHOWN:
                    shown.append("\n".join(["error:", *faults, str(cart)]))
    return Found(wrong, seconds, tuple(shown))


def compare_all(pool: ProcessPoolExecutor, seed: int, count: int, bug: str | None) -> Iterator[str]:
    """Compare carts in several processes, print the number of differences, and yield them."""
    sizes = [min(_AT_ONCE, count - begun) for begun in range(0, count, _AT_ONCE)]
    seeds = [f"{seed}, {number}" for number in range(len(sizes))]
    found = list(pool.map(compare, seeds, sizes, repeat(bug)))
    wrong = sum(each.wrong for each in found)
    microseconds = sum(each.seconds for each in found) / count * 1_000_000
    if bug is None:
        print(f"{count} carts, {wrong} differ; a quote takes {microseconds:.0f} µs", flush=True)
        yield from [fault for each in found for fault in each.shown][:_SHOWN]
    else:
        print(f"{bug}: {wrong} of {count} carts differ", flush=True)
        if not wrong:
            yield f"not found: {bug}"


def main() -> None:
    """Compare, and print the number of quotes that differ and the time of one quote."""
    arguments = parse_arguments()
    faults: list[str] = []
    with ProcessPoolExecutor(arguments.processes) as pool:
        if arguments.bug is None:
            faults += compare_all(pool, arguments.seed, arguments.carts, None)
        for bug in BUGS if arguments.bug is None else [arguments.bug]:
            faults += compare_all(pool, arguments.seed, _WITH_BUG, bug)
    print(*faults, sep="\n")
    sys.exit(1 if faults else 0)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    name, cores = "python -m benchmarks.pricing.random_carts", len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--carts", type=int, default=100_000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=17, help="of all choices (%(default)s)")
    parser.add_argument("--processes", type=int, default=cores, help="at once (%(default)s)")
    parser.add_argument("--bug", choices=BUGS, help="the only mistake to plant")
    return parser.parse_args()


if __name__ == "__main__":
    main()

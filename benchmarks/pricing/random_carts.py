"""Prices carts at random, and compares each quote with exact fractions.

It exits with 1 if a quote differs. `--bug` plants a mistake, which must be found.
"""

import argparse
import sys
import time
from contextlib import nullcontext
from random import Random

from rich.console import Console
from rich.progress import track

from app.pricing.quote import price
from tests.test_pricing.carts import NOW, random_cart
from tests.test_pricing.oracle import faults_of
from tests.test_pricing.planted import BUGS

_SHOWN = 3


def main() -> None:
    """Compare, and print how many quotes differ and what one takes."""
    arguments = parse_arguments()
    console, random = Console(stderr=True), Random(arguments.seed)
    wrong, taken = 0, 0.0
    with BUGS[arguments.bug]() if arguments.bug else nullcontext():
        for _ in track(range(arguments.carts), "carts", console=console):
            cart = random_cart(random)
            began = time.perf_counter()
            quote = price(cart, NOW)
            taken += time.perf_counter() - began
            if faults := faults_of(cart, quote, NOW):
                wrong += 1
                if wrong <= _SHOWN:
                    console.print("error:", *faults, cart, sep="\n")
    microseconds = taken / arguments.carts * 1_000_000
    print(f"{arguments.carts} carts, {wrong} differ; a quote takes {microseconds:.0f} µs")
    sys.exit(1 if wrong else 0)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    name = "python -m benchmarks.pricing.random_carts"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--carts", type=int, default=100_000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=17, help="of all choices (%(default)s)")
    parser.add_argument("--bug", choices=BUGS, help="a mistake to plant")
    return parser.parse_args()


if __name__ == "__main__":
    main()

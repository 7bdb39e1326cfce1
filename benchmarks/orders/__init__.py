"""Checks of orders under crashes and competition."""

import sys
from collections.abc import Sequence


def end_with(faults: Sequence[str]) -> None:
    """Print the faults, and exit with 1 if there are any."""
    for fault in faults:
        print(f"fault: {fault}")
    sys.exit(bool(faults))

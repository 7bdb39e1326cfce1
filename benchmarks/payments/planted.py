"""Runs a worker or a shop with planted faults that make payments unsafe, for tests of failures."""

import argparse
from typing import Any
from uuid import uuid4

from app.gateways.payments.stripe_provider import StripeProvider
from app.jobs.errands.handlers import HANDLERS
from app.jobs.errands.payments import HANDLERS as OF_PAYMENTS
from benchmarks.chaos.planted import run_process

_begin = StripeProvider.begin
_refund = StripeProvider.refund


async def begin_with_another_key(provider: StripeProvider, asked: Any, _key: str) -> Any:
    """Begin a payment with a new key for each attempt."""
    return await _begin(provider, asked, str(uuid4()))


async def refund_with_another_key(
    provider: StripeProvider, reference: str, amount_minor: int, _key: str
) -> Any:
    """Return money with a new key for each attempt."""
    return await _refund(provider, reference, amount_minor, str(uuid4()))


def main() -> None:
    """Plant the faults and run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.payments.planted", description=__doc__
    )
    parser.add_argument("kind", choices=("worker", "shop"))
    parser.add_argument("--no-sweeper", action="store_true", help="do no errands of payments")
    parser.add_argument("--no-request-key", action="store_true", help="send another key each time")
    arguments, others = parser.parse_known_args()
    if arguments.no_sweeper:
        for kind in OF_PAYMENTS:
            HANDLERS.pop(kind)  # type: ignore[attr-defined]  # it is a dict
    if arguments.no_request_key:
        setattr(StripeProvider, "begin", begin_with_another_key)
        setattr(StripeProvider, "refund", refund_with_another_key)
    run_process(arguments.kind, others)


if __name__ == "__main__":
    main()
